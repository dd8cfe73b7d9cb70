//! DSSE v1: the envelope and the bytes that are signed.
//!
//! Source: <https://github.com/secure-systems-lab/dsse/blob/v1.0.0/envelope.md> and `protocol.md` there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{KeyId, key_id};
use crate::SignatureError;

/// The payload type of a skill's statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.skillgate.skill.v1+json";

/// The most signatures in one envelope.
const MAX_SIGNATURES: usize = 8;
/// The largest `signature.json`, in bytes.
const MAX_ENVELOPE: usize = 1 << 20;

/// A DSSE envelope, as `signature.json` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// What the payload is; always [`PAYLOAD_TYPE`] here.
    pub payload_type: String,
    /// The payload in standard base64.
    pub payload: String,
    /// 1 to 8 signatures over the same payload, each by another key.
    pub signatures: Vec<Signature>,
}

/// One signature of an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Which key signed.
    pub keyid: KeyId,
    /// The 64 bytes of the ed25519 signature in standard base64.
    pub sig: String,
}

/// DSSE's pre-authentication encoding: the bytes that are signed.
/// `"DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload`, lengths in decimal bytes.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    pub(super) fn new(payload: &[u8]) -> Self {
        Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: Vec::new(),
        }
    }

    /// Reads `signature.json`; on failure says what is wrong with it.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(format!("the file is larger than {MAX_ENVELOPE} bytes"));
        }
        let envelope: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("the file is no DSSE envelope ({error})"))?;
        let mut ids: Vec<&KeyId> = envelope.signatures.iter().map(|one| &one.keyid).collect();
        ids.sort();
        ids.dedup();
        match (1..=MAX_SIGNATURES).contains(&ids.len()) && ids.len() == envelope.signatures.len() {
            true => Ok(envelope),
            false => Err(format!(
                "an envelope holds 1 to {MAX_SIGNATURES} signatures, each by another key"
            )),
        }
    }

    /// The envelope as `signature.json`.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Texts and a list of texts: serde_json has no way to fail on them.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    /// The decoded payload.
    pub(super) fn payload(&self) -> Result<Vec<u8>, SignatureError> {
        if self.payload_type != PAYLOAD_TYPE {
            let problem = format!("its payload type is not {PAYLOAD_TYPE}");
            return Err(SignatureError::Malformed(problem));
        }
        STANDARD.decode(&self.payload).map_err(|error| {
            SignatureError::Malformed(format!("its payload is not standard base64 ({error})"))
        })
    }

    /// Adds a signature over `payload`, or replaces the one by the same key.
    pub(super) fn add(&mut self, key: &SigningKey, payload: &[u8]) {
        let signature = key.sign(&pae(&self.payload_type, payload));
        let keyid = key_id(&key.verifying_key());
        self.signatures.retain(|one| one.keyid != keyid);
        self.signatures.push(Signature {
            keyid,
            sig: STANDARD.encode(signature.to_bytes()),
        });
    }
}

impl Signature {
    /// Whether `key` made this signature over `message`, by the strict rules: no weak key, no
    /// malleable form.
    pub(super) fn holds(&self, key: &VerifyingKey, message: &[u8]) -> bool {
        let bytes = STANDARD.decode(&self.sig).ok();
        let signature = bytes.and_then(|bytes| ed25519_dalek::Signature::from_slice(&bytes).ok());
        key_id(key) == self.keyid
            && signature.is_some_and(|signature| key.verify_strict(message, &signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of DSSE's protocol.md.
    #[test]
    fn pae_is_as_published() {
        let encoded = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            encoded,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    }

    #[test]
    fn lengths_are_bytes_not_characters() {
        assert_eq!(pae("é", "€".as_bytes()), "DSSEv1 2 é 3 €".as_bytes());
    }

    #[test]
    fn an_envelope_that_is_none_says_why() {
        let signature = r#"{"keyid":"a","sig":""}"#;
        let with = |signatures: &str| {
            format!(r#"{{"payloadType":"t","payload":"","signatures":[{signatures}]}}"#)
        };
        for (json, problem) in [
            ("{}".to_owned(), "no DSSE envelope (missing field"),
            ("[]".to_owned(), "no DSSE envelope"),
            (with(""), "1 to 8 signatures"),
            (
                with(&[signature, signature].join(",")),
                "each by another key",
            ),
            (with(r#"{"keyid":"a","sig":"","x":1}"#), "unknown field `x`"),
        ] {
            let error = Envelope::from_json(json.as_bytes()).unwrap_err();
            assert!(error.contains(problem), "{json}: {error}");
        }
        assert!(Envelope::from_json(with(signature).as_bytes()).is_ok());
    }
}
