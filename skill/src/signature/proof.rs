//! The proof that whoever registers a public key holds its private key, now and for one registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{decode_public_key, encode_public_key, pae};
use crate::SignatureError;

/// The payload type of a proof. Version 1 named neither registry, nonce nor time, so that it could be
/// passed on to another registry; it is not accepted any more.
const PROOF_TYPE: &str = "application/vnd.skillgate.key-proof.v2+json";

/// What a proof is for. Each field is signed, so that the proof is of no use in any other place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofContext<'a> {
    /// The registry's own public address, such as `https://skills.example.com`.
    pub audience: &'a str,
    /// The id of the account at that registry.
    pub account: &'a str,
    /// What the registry gave out for this one registration.
    pub nonce: &'a str,
    /// When the proof was made: UTC with milliseconds, such as `2026-01-15T10:30:00.000Z`.
    pub issued_at: &'a str,
}

/// A public key with the proof that its owner wants it registered with one account of one registry:
/// the body of `POST /v1/publisher-keys`.
///
/// Audience and account are not in it: a registry takes its own address and the account that asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyProof {
    /// The 32 bytes of the public key in standard base64.
    pub public_key: String,
    /// The ed25519 signature, in standard base64, over DSSE's encoding of
    /// `{"audience":…,"account":…,"publicKey":…,"nonce":…,"issuedAt":…}`, without white space and in
    /// this order, with the type `application/vnd.skillgate.key-proof.v2+json`.
    pub signature: String,
    /// The nonce that was signed.
    pub nonce: String,
    /// The time that was signed.
    pub issued_at: String,
}

/// What is signed, in the order in which it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    audience: &'a str,
    account: &'a str,
    public_key: &'a str,
    nonce: &'a str,
    issued_at: &'a str,
}

/// Proves that `key` is held, for the registry, account, nonce and time of `context` alone. The
/// payload type is another than a skill's, so that neither passes for the other.
pub fn prove_possession(key: &SigningKey, context: &ProofContext<'_>) -> KeyProof {
    let public_key = encode_public_key(&key.verifying_key());
    let signature = key.sign(&message(&public_key, context));
    KeyProof {
        public_key,
        signature: STANDARD.encode(signature.to_bytes()),
        nonce: context.nonce.to_owned(),
        issued_at: context.issued_at.to_owned(),
    }
}

/// Returns the key that `proof` shows to be held, for `account` at the registry `audience`.
///
/// Whether the nonce was given out and is unused, and whether the time is near enough, is for the
/// registry to check: this crate has neither memory nor clock.
///
/// # Errors
/// When the key is not one, or the signature was made by another key or for another registry,
/// account, nonce or time.
pub fn check_proof(
    proof: &KeyProof,
    audience: &str,
    account: &str,
) -> Result<VerifyingKey, SignatureError> {
    let wrong = |problem: &str| SignatureError::Proof(problem.to_owned());
    let key = decode_public_key(&proof.public_key)?;
    let bytes = STANDARD
        .decode(&proof.signature)
        .map_err(|_| wrong("its signature is not standard base64"))?;
    let signature =
        Signature::from_slice(&bytes).map_err(|_| wrong("its signature has not 64 bytes"))?;
    let context = ProofContext {
        audience,
        account,
        nonce: &proof.nonce,
        issued_at: &proof.issued_at,
    };
    key.verify_strict(&message(&proof.public_key, &context), &signature)
        .map_err(|_| {
            SignatureError::Proof(format!(
                "its signature was made by another key, or for another registry than {} or another account than {}, \
                 nonce or time",
                crate::error::shown(audience),
                crate::error::shown(account),
            ))
        })?;
    Ok(key)
}

fn message(public_key: &str, context: &ProofContext<'_>) -> Vec<u8> {
    let payload = Payload {
        audience: context.audience,
        account: context.account,
        public_key,
        nonce: context.nonce,
        issued_at: context.issued_at,
    };
    // A record of texts: serde_json has no way to fail on it, and keeps the order of its fields.
    pae(
        PROOF_TYPE,
        &serde_json::to_vec(&payload).unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: ProofContext<'_> = ProofContext {
        audience: "https://skills.example.com",
        account: "acct_1",
        nonce: "n1",
        issued_at: "2026-01-15T10:30:00.000Z",
    };

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    /// What the registry of `CONTEXT` says to a proof, asked by the account of `CONTEXT`.
    fn checked(proof: &KeyProof) -> Result<VerifyingKey, SignatureError> {
        check_proof(proof, CONTEXT.audience, CONTEXT.account)
    }

    #[test]
    fn a_proof_holds_where_it_was_made_for() {
        let proof = prove_possession(&key(1), &CONTEXT);
        assert_eq!(checked(&proof), Ok(key(1).verifying_key()));
    }

    #[test]
    fn a_proof_made_for_anything_else_is_refused() {
        let elsewhere = [
            ProofContext {
                audience: "https://relay.example.net",
                ..CONTEXT
            },
            ProofContext {
                account: "acct_2",
                ..CONTEXT
            },
        ];
        for context in elsewhere {
            let error = checked(&prove_possession(&key(1), &context)).unwrap_err();
            assert!(error.to_string().contains("another registry"), "{error}");
        }
    }

    #[test]
    fn each_field_of_a_proof_is_signed() {
        let proof = prove_possession(&key(1), &CONTEXT);
        let changed = [
            KeyProof {
                public_key: encode_public_key(&key(2).verifying_key()),
                ..proof.clone()
            },
            KeyProof {
                nonce: "n2".to_owned(),
                ..proof.clone()
            },
            KeyProof {
                issued_at: "2026-01-15T10:30:00.001Z".to_owned(),
                ..proof.clone()
            },
            KeyProof {
                signature: prove_possession(&key(2), &CONTEXT).signature,
                ..proof
            },
        ];
        for proof in changed {
            let refused = checked(&proof);
            assert!(
                matches!(refused, Err(SignatureError::Proof(_))),
                "{proof:?}: {refused:?}"
            );
        }
    }

    #[test]
    fn text_of_one_field_does_not_pass_for_another() {
        let crafted = ProofContext {
            account: r#"acct_1","publicKey":"x"#,
            ..CONTEXT
        };
        let proof = prove_possession(&key(1), &crafted);
        assert!(checked(&proof).is_err());
        assert!(check_proof(&proof, crafted.audience, crafted.account).is_ok());
    }

    #[test]
    fn what_is_signed_is_as_documented() {
        let signed = String::from_utf8(message("key", &CONTEXT)).unwrap();
        let payload = concat!(
            r#"{"audience":"https://skills.example.com","account":"acct_1","publicKey":"key","#,
            r#""nonce":"n1","issuedAt":"2026-01-15T10:30:00.000Z"}"#
        );
        assert_eq!(
            signed,
            format!(
                "DSSEv1 43 application/vnd.skillgate.key-proof.v2+json {} {payload}",
                payload.len()
            )
        );
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let weak = STANDARD.encode([0u8; 32]);
        let short = STANDARD.encode([1u8; 31]);
        for (public_key, problem) in [
            ("", "32 bytes"),
            ("?", "base64"),
            (&short, "32 bytes"),
            (&weak, "weak"),
            (&"A".repeat(80), "too long"),
        ] {
            let proof = KeyProof {
                public_key: public_key.to_owned(),
                ..prove_possession(&key(1), &CONTEXT)
            };
            let error = checked(&proof).unwrap_err().to_string();
            assert!(error.contains(problem), "{public_key}: {error}");
        }
    }
}
