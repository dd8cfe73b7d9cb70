//! Encryption at rest: XChaCha20-Poly1305, bound to the place where the sealed bytes are kept.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{MasterKey, StoreError};

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// How many bytes more than its value something sealed has.
pub(crate) const SEALING_BYTES: i64 = (NONCE_BYTES + TAG_BYTES) as i64;

/// Text that must not be shown: an API key, a provider's credential. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretText(redacted)")
    }
}

/// The keys that the store works with, derived from the master key.
pub(crate) struct DerivedKeys {
    /// Hashes API keys: a stolen database alone can not be searched for them.
    pub(crate) pepper: Zeroizing<[u8; 32]>,
    /// Seals the data key of each account.
    pub(crate) key_encryption: Zeroizing<[u8; 32]>,
    /// The seed of the ed25519 key that signs access tokens: the same in every process on one database.
    pub(crate) token_seed: Zeroizing<[u8; 32]>,
    /// Kept in the database to recognise the master key; tells nothing of the others.
    pub(crate) fingerprint: String,
}

impl DerivedKeys {
    pub(crate) fn new(master: &MasterKey) -> Self {
        Self {
            pepper: master.derive("skillgate store v1: api key pepper"),
            key_encryption: master.derive("skillgate store v1: key encryption"),
            token_seed: master.derive("skillgate store v1: access token signing"),
            fingerprint: master.fingerprint(),
        }
    }

    /// A new data key for an account, sealed for its row.
    pub(crate) fn new_data_key(&self, account: &str) -> Result<Vec<u8>, StoreError> {
        let data_key = Zeroizing::new(rand::random::<[u8; 32]>());
        seal(
            &self.key_encryption,
            &place(&["data key", account]),
            data_key.as_slice(),
        )
    }

    /// The data key of an account, from its row.
    pub(crate) fn open_data_key(
        &self,
        account: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        let bytes = open(&self.key_encryption, &place(&["data key", account]), sealed)
            .ok_or(StoreError::Sealed("the account's data key"))?;
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(StoreError::Sealed("the account's data key"));
        }
        key.copy_from_slice(&bytes);
        Ok(key)
    }
}

/// Where sealed bytes belong, as associated data: each part is preceded by its length, so no two places are alike.
pub(crate) fn place(parts: &[&str]) -> Vec<u8> {
    let mut place = b"skillgate store v1".to_vec();
    for part in parts {
        place.extend((part.len() as u64).to_le_bytes());
        place.extend(part.as_bytes());
    }
    place
}

/// A random nonce followed by the ciphertext and its tag.
pub(crate) fn seal(key: &[u8; 32], place: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let sealed = XChaCha20Poly1305::new(key.into())
        .encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: plain,
                aad: place,
            },
        )
        .map_err(|_| StoreError::Invalid("the value is too long to be encrypted".into()))?;
    Ok([&nonce, sealed.as_slice()].concat())
}

/// What [`seal`] sealed for the same key and place; `None` for anything else.
pub(crate) fn open(key: &[u8; 32], place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    let plain = XChaCha20Poly1305::new(key.into())
        .decrypt(
            &XNonce::from(*nonce),
            Payload {
                msg: sealed,
                aad: place,
            },
        )
        .ok()?;
    Some(Zeroizing::new(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_the_same_key_in_the_same_place_unaltered() {
        let (key, other) = ([1; 32], [2; 32]);
        let sealed = seal(&key, &place(&["account", "agent"]), b"value").unwrap();
        assert_eq!(
            open(&key, &place(&["account", "agent"]), &sealed)
                .unwrap()
                .as_slice(),
            b"value"
        );
        assert!(open(&other, &place(&["account", "agent"]), &sealed).is_none());
        assert!(open(&key, &place(&["accounta", "gent"]), &sealed).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(
                open(&key, &place(&["account", "agent"]), &altered).is_none(),
                "byte {at}"
            );
            assert!(
                open(&key, &place(&["account", "agent"]), &sealed[..at]).is_none(),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn never_seals_alike_twice() {
        assert_ne!(
            seal(&[1; 32], b"", b"value").unwrap(),
            seal(&[1; 32], b"", b"value").unwrap()
        );
    }

    #[test]
    fn shows_nothing() {
        assert_eq!(
            format!("{:?}", SecretText::new("sk-ant-1")),
            "SecretText(redacted)"
        );
    }
}
