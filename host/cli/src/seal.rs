//! Secrets sealed with a passphrase: Argon2id (RFC 9106) makes the key, XChaCha20-Poly1305 seals.

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Memory for new files, KiB: RFC 9106's second recommended option (64 MiB, three passes, four lanes).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// A file cannot make us spend more than this: 1 GiB, 16 passes, 16 lanes.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// Sealed bytes with all that is needed, beside the passphrase, to open them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Sealed {
    /// Always `argon2id`.
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    /// 16 random bytes, base64.
    salt: String,
    /// Always `xchacha20poly1305`.
    cipher: String,
    /// 24 random bytes, base64.
    nonce: String,
    /// Base64.
    ciphertext: String,
}

impl Sealed {
    /// Seals `secret`, bound to `context`: it opens only with the same one.
    ///
    /// # Errors
    /// The passphrase is empty, or the system gives no randomness.
    pub(crate) fn seal(secret: &[u8], passphrase: &str, context: &[u8]) -> anyhow::Result<Self> {
        if passphrase.is_empty() {
            bail!("the passphrase is empty: give one, or make the key without");
        }
        let (mut salt, mut nonce) = ([0; 16], [0; 24]);
        SysRng.try_fill_bytes(&mut salt)?;
        SysRng.try_fill_bytes(&mut nonce)?;
        let mut sealed = Self {
            kdf: "argon2id".to_owned(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: STANDARD.encode(salt),
            cipher: "xchacha20poly1305".to_owned(),
            nonce: STANDARD.encode(nonce),
            ciphertext: String::new(),
        };
        let payload = Payload {
            msg: secret,
            aad: context,
        };
        let ciphertext = sealed
            .cipher(passphrase)?
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| anyhow::anyhow!("the secret could not be sealed"))?;
        sealed.ciphertext = STANDARD.encode(ciphertext);
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] sealed.
    ///
    /// # Errors
    /// The passphrase is wrong, something was altered, or the parameters are not known or beyond the limits.
    pub(crate) fn open(
        &self,
        passphrase: &str,
        context: &[u8],
    ) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let nonce: [u8; 24] = self.bytes(&self.nonce, "nonce")?;
        let ciphertext = STANDARD
            .decode(&self.ciphertext)
            .context("the key file's ciphertext")?;
        let payload = Payload {
            msg: &ciphertext,
            aad: context,
        };
        self.cipher(passphrase)?
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| anyhow::anyhow!("wrong passphrase, or the key file was altered"))
    }

    fn cipher(&self, passphrase: &str) -> anyhow::Result<XChaCha20Poly1305> {
        if self.kdf != "argon2id" || self.cipher != "xchacha20poly1305" {
            bail!(
                "the key file is sealed with {} and {}; only argon2id and xchacha20poly1305 are known",
                self.kdf,
                self.cipher
            );
        }
        if self.memory_kib > MAX_MEMORY_KIB || self.passes > MAX_PASSES || self.lanes > MAX_LANES {
            bail!("the key file asks for more work than is allowed to open it");
        }
        let salt: [u8; 16] = self.bytes(&self.salt, "salt")?;
        let parameters = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|error| anyhow::anyhow!("the key file's parameters: {error}"))?;
        let mut key = Zeroizing::new([0; 32]);
        argon2::Argon2::new(
            argon2::Algorithm::Argon2id,
            argon2::Version::V0x13,
            parameters,
        )
        .hash_password_into(passphrase.as_bytes(), &salt, &mut key[..])
        .map_err(|error| anyhow::anyhow!("the passphrase could not be used: {error}"))?;
        Ok(XChaCha20Poly1305::new((&*key).into()))
    }

    fn bytes<const N: usize>(&self, text: &str, what: &str) -> anyhow::Result<[u8; N]> {
        let bytes = STANDARD.decode(text).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .with_context(|| format!("the key file's {what} must be {N} bytes in base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_the_same_passphrase_and_context() {
        let sealed = Sealed::seal(b"seed", "pass", b"public").unwrap();
        assert_eq!(*sealed.open("pass", b"public").unwrap(), b"seed");
        assert!(sealed.open("Pass", b"public").is_err());
        assert!(sealed.open("pass", b"other").is_err());
    }

    #[test]
    fn a_file_cannot_ask_for_endless_work() {
        let mut sealed = Sealed::seal(b"seed", "pass", b"").unwrap();
        sealed.memory_kib = u32::MAX;
        let message = sealed.open("pass", b"").unwrap_err().to_string();
        assert!(message.contains("more work"), "{message}");
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        assert!(Sealed::seal(b"seed", "", b"").is_err());
    }
}
