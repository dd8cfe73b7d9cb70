//! The proof that whoever registers a public key holds its private key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::{decode_public_key, encode_public_key, pae};
use crate::SignatureError;

const PROOF_TYPE: &str = "application/vnd.skillgate.key-proof.v1+json";

/// A public key with the proof that its owner wants it registered with one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyProof {
    /// The 32 bytes of the public key in standard base64.
    pub public_key: String,
    /// The ed25519 signature, in standard base64, over DSSE's encoding of
    /// `{"account":…,"publicKey":…}` with the type `application/vnd.skillgate.key-proof.v1+json`.
    pub signature: String,
}

/// Proves to `account` (its id) that `key` is held. The account is in what is signed, so that the
/// proof is of no use to another one; the type is another than a skill's, so that neither passes
/// for the other.
pub fn prove_possession(key: &SigningKey, account: &str) -> KeyProof {
    let public_key = encode_public_key(&key.verifying_key());
    let signature = key.sign(&message(account, &public_key));
    KeyProof {
        public_key,
        signature: STANDARD.encode(signature.to_bytes()),
    }
}

/// The key that `proof` shows to be held, for `account`.
///
/// # Errors
/// When the key is none, or the signature was made for another account or by another key.
pub fn check_proof(proof: &KeyProof, account: &str) -> Result<VerifyingKey, SignatureError> {
    let wrong = |problem: &str| SignatureError::Proof(problem.to_owned());
    let key = decode_public_key(&proof.public_key)?;
    let bytes = STANDARD
        .decode(&proof.signature)
        .map_err(|_| wrong("its signature is not standard base64"))?;
    let signature =
        Signature::from_slice(&bytes).map_err(|_| wrong("its signature has not 64 bytes"))?;
    key.verify_strict(&message(account, &proof.public_key), &signature)
        .map_err(|_| wrong("its signature was made by another key or for another account"))?;
    Ok(key)
}

fn message(account: &str, public_key: &str) -> Vec<u8> {
    // Written by hand so that the order of keys is fixed.
    let account = serde_json::Value::from(account);
    let public_key = serde_json::Value::from(public_key);
    pae(
        PROOF_TYPE,
        format!(r#"{{"account":{account},"publicKey":{public_key}}}"#).as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    #[test]
    fn a_proof_holds_for_its_account_alone() {
        let proof = prove_possession(&key(1), "acct_1");
        assert_eq!(check_proof(&proof, "acct_1"), Ok(key(1).verifying_key()));
        let error = check_proof(&proof, "acct_2").unwrap_err().to_string();
        assert!(error.contains("for another account"), "{error}");
    }

    #[test]
    fn a_proof_by_another_key_does_not_hold() {
        let proof = KeyProof {
            public_key: encode_public_key(&key(2).verifying_key()),
            ..prove_possession(&key(1), "acct_1")
        };
        assert!(matches!(
            check_proof(&proof, "acct_1"),
            Err(SignatureError::Proof(_))
        ));
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
                signature: String::new(),
            };
            let error = check_proof(&proof, "a").unwrap_err().to_string();
            assert!(error.contains(problem), "{public_key}: {error}");
        }
    }
}
