//! Public keys and their ids.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use crate::SignatureError;

/// A key's id: SHA-256 of the 32 raw bytes of the public key, as 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// The 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of `key`.
pub fn key_id(key: &VerifyingKey) -> KeyId {
    KeyId(super::sha256_hex(key.as_bytes()))
}

/// `key` as it travels: 32 bytes in standard base64.
pub fn encode_public_key(key: &VerifyingKey) -> String {
    STANDARD.encode(key.as_bytes())
}

/// Reads what [`encode_public_key`] wrote.
///
/// # Errors
/// When `text` is no base64 of 32 bytes, no point of the curve, or a weak key, which would accept
/// signatures that nobody made.
pub fn decode_public_key(text: &str) -> Result<VerifyingKey, SignatureError> {
    let wrong = |problem: &str| SignatureError::PublicKey(problem.to_owned());
    if text.len() > 64 {
        return Err(wrong("it is too long"));
    }
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| wrong("it is not standard base64"))?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| wrong("it has not 32 bytes"))?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| wrong("it is no ed25519 key"))?;
    match key.is_weak() {
        true => Err(wrong("it is a weak ed25519 key")),
        false => Ok(key),
    }
}
