//! Signing and verifying a package.

use ed25519_dalek::{SigningKey, VerifyingKey};

use super::{Envelope, KeyId, Statement, ToolDigest, pae};
use crate::{Package, SignatureError};

/// The proof that a package is what trusted keys signed. Only [`Package::verify`] makes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Verified {
    /// What was signed; every word of it was compared with the package.
    pub statement: Statement,
    /// The trusted keys whose signatures hold, at least one, in the envelope's order.
    pub signers: Vec<KeyId>,
}

impl Verified {
    /// Checks that the tools which the component really lists are those that were signed.
    ///
    /// # Errors
    /// [`SignatureError::Changed`] with the first tool that differs.
    pub fn check_tools(&self, tools: &[ToolDigest]) -> Result<(), SignatureError> {
        let signed = &self.statement.tools;
        let differs = |a: &[ToolDigest], b: &[ToolDigest]| {
            a.iter()
                .find(|tool| !b.contains(tool))
                .map(|tool| tool.name.clone())
        };
        match differs(tools, signed).or_else(|| differs(signed, tools)) {
            None => Ok(()),
            Some(name) => Err(SignatureError::Changed {
                what: format!("the tool {}", crate::error::shown(&name)),
                problem:
                    "its name, title, description, schemas or annotations are not what was signed"
                        .to_owned(),
            }),
        }
    }
}

impl Package {
    /// Signs `statement` with `key`. Another signature over the same statement stays, so that more
    /// than one can vouch for it; a signature over anything else is replaced.
    ///
    /// # Errors
    /// When `statement` does not describe this package, or has no publisher.
    pub fn sign(&mut self, key: &SigningKey, statement: &Statement) -> Result<(), SignatureError> {
        let refuse = |error: String| SignatureError::CannotSign(error);
        statement
            .check(self)
            .map_err(|error| refuse(error.to_string()))?;
        if !(1..=128).contains(&statement.publisher.chars().count()) {
            return Err(refuse(
                "the publisher's name must have 1 to 128 characters".to_owned(),
            ));
        }
        let payload = serde_json::to_vec(statement).map_err(|error| refuse(error.to_string()))?;
        let same_payload =
            |envelope: &Envelope| envelope.payload().is_ok_and(|held| held == payload);
        let held = self.envelope.take().filter(same_payload);
        let mut envelope = held.unwrap_or_else(|| Envelope::new(&payload));
        envelope.add(key, &payload);
        self.envelope = Some(envelope);
        Ok(())
    }

    /// Verifies who signed this package, and that it is what was signed: every file there and none
    /// more, each with its digest; name, version, permissions and world equal to the manifest's.
    ///
    /// `trusted` gives the public key for a key id, where that key is trusted for this purpose.
    /// Signatures by other keys are passed over; one by a trusted key must hold.
    ///
    /// # Errors
    /// When there is no signature, none by a trusted key, a false one, or the content differs.
    pub fn verify(
        &self,
        trusted: &dyn Fn(&KeyId) -> Option<VerifyingKey>,
    ) -> Result<Verified, SignatureError> {
        let envelope = self.envelope.as_ref().ok_or(SignatureError::Unsigned)?;
        let payload = envelope.payload()?;
        let signers = signers(envelope, &payload, trusted)?;
        let statement: Statement = serde_json::from_slice(&payload).map_err(|error| {
            SignatureError::Malformed(format!(
                "its payload is no statement about a skill ({error})"
            ))
        })?;
        statement.check(self)?;
        Ok(Verified { statement, signers })
    }
}

fn signers(
    envelope: &Envelope,
    payload: &[u8],
    trusted: &dyn Fn(&KeyId) -> Option<VerifyingKey>,
) -> Result<Vec<KeyId>, SignatureError> {
    let message = pae(&envelope.payload_type, payload);
    let mut signers = Vec::new();
    for signature in &envelope.signatures {
        match trusted(&signature.keyid) {
            None => {}
            Some(key) if signature.holds(&key, &message) => signers.push(signature.keyid.clone()),
            Some(_) => return Err(SignatureError::False(signature.keyid.to_string())),
        }
    }
    if signers.is_empty() {
        let named = envelope
            .signatures
            .iter()
            .map(|one| crate::error::shown(one.keyid.as_str()));
        return Err(SignatureError::Untrusted(named.collect()));
    }
    Ok(signers)
}
