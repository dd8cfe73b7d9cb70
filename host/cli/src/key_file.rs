//! Key files: an ed25519 signing key, plain in a file that only its owner reads, or sealed with a passphrase.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use skillgate_skill::{KeyId, SigningKey, VerifyingKey};
use zeroize::{Zeroize, Zeroizing};

use crate::environment;
use crate::seal::Sealed;

/// A key file is read up to this many bytes; a real one has a few hundred.
const MAX_FILE: u64 = 16 * 1024;

/// A key file as it is on disk, JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyFile {
    /// Always `ed25519`.
    algorithm: String,
    /// Lower-case hexadecimal SHA-256 of the public key. For people: it is computed again when read.
    key_id: String,
    /// The 32 bytes of the public key, base64.
    public_key: String,
    #[serde(flatten)]
    secret: SecretPart,
}

/// The private half.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum SecretPart {
    /// The 32 bytes of the seed (RFC 8032), base64.
    Seed(Seed),
    /// The same, sealed with a passphrase.
    Sealed(Sealed),
}

/// A text that is wiped from memory when it is dropped.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Seed(String);

impl Drop for Seed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl KeyFile {
    /// A file for `key`; sealed when there is a passphrase.
    ///
    /// # Errors
    /// The system gives no randomness, or the passphrase is empty.
    pub(crate) fn new(key: &SigningKey, passphrase: Option<&str>) -> anyhow::Result<Self> {
        let public = key.verifying_key();
        let seed = Zeroizing::new(key.to_bytes());
        let secret = match passphrase {
            Some(passphrase) => {
                SecretPart::Sealed(Sealed::seal(&seed[..], passphrase, public.as_bytes())?)
            }
            None => SecretPart::Seed(Seed(STANDARD.encode(&seed[..]))),
        };
        Ok(Self {
            algorithm: "ed25519".to_owned(),
            key_id: skillgate_skill::key_id(&public).to_string(),
            public_key: skillgate_skill::encode_public_key(&public),
            secret,
        })
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// There is no such file, it is too large, it is no key file, or others may read a plain key in it.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let length = std::fs::metadata(path)
            .with_context(|| format!("key file {}", path.display()))?
            .len();
        if length > MAX_FILE {
            bail!("{} is no key file: it has {length} bytes", path.display());
        }
        let text = Zeroizing::new(std::fs::read(path)?);
        let file: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no key file", path.display()))?;
        if file.algorithm != "ed25519" {
            bail!(
                "{}: the key is of the kind {:?}; only ed25519 is known",
                path.display(),
                file.algorithm
            );
        }
        file.check_mode(path)?;
        Ok(file)
    }

    /// Writes a new file of mode 0600, and the folders that lead to it.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub(crate) fn write_new(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let text = Zeroizing::new(serde_json::to_string_pretty(self)? + "\n");
        write_private(path, text.as_bytes())
    }

    /// Whether a passphrase is needed to sign.
    pub(crate) fn is_sealed(&self) -> bool {
        matches!(self.secret, SecretPart::Sealed(_))
    }

    /// The public half.
    ///
    /// # Errors
    /// The file holds no ed25519 public key.
    pub(crate) fn public_key(&self) -> anyhow::Result<VerifyingKey> {
        Ok(skillgate_skill::decode_public_key(&self.public_key)?)
    }

    /// The private half; `passphrase` is only asked for when the key is sealed.
    ///
    /// # Errors
    /// The passphrase is wrong or missing, or the two halves do not belong together.
    pub(crate) fn signing_key(
        &self,
        passphrase: impl FnOnce() -> anyhow::Result<Zeroizing<String>>,
    ) -> anyhow::Result<SigningKey> {
        let public = self.public_key()?;
        let seed = match &self.secret {
            SecretPart::Seed(Seed(text)) => {
                Zeroizing::new(STANDARD.decode(text.as_bytes()).context("the key's seed")?)
            }
            SecretPart::Sealed(sealed) => sealed.open(&passphrase()?, public.as_bytes())?,
        };
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(
            seed.as_slice()
                .try_into()
                .context("the key's seed must have 32 bytes")?,
        );
        let key = SigningKey::from_bytes(&seed);
        if key.verifying_key() != public {
            bail!("the key file's public key does not belong to its private key");
        }
        Ok(key)
    }

    /// A plain key that others can read is a key that others have.
    #[cfg(unix)]
    fn check_mode(&self, path: &Path) -> anyhow::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)?.permissions().mode();
        if !self.is_sealed() && mode & 0o077 != 0 {
            bail!(
                "others may read the private key in {path} (mode {mode:o}): run `chmod 600 {path}`",
                path = path.display(),
                mode = mode & 0o777,
            );
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_mode(&self, _path: &Path) -> anyhow::Result<()> {
        Ok(())
    }
}

/// Writes a file that did not exist, readable by its owner only from its first moment.
///
/// # Errors
/// The file exists already, or cannot be written.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

/// Where the signing key is when no path is given.
///
/// # Errors
/// There is neither `XDG_CONFIG_HOME` nor a home folder.
pub(crate) fn default_path() -> anyhow::Result<PathBuf> {
    Ok(folder()?.join("default.key"))
}

/// The folder whose `*.key` files `verify` trusts.
///
/// # Errors
/// There is neither `XDG_CONFIG_HOME` nor a home folder.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let config = environment::config_folder()
        .context("no home folder is known: give the key's path, or set XDG_CONFIG_HOME")?;
    Ok(config.join("keys"))
}

/// The public keys of all key files in a folder; a folder that does not exist holds none.
///
/// # Errors
/// A `*.key` file in it cannot be read.
pub(crate) fn public_keys(folder: &Path) -> anyhow::Result<Vec<(KeyId, VerifyingKey)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| folder.display().to_string()),
    };
    let mut keys = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "key") {
            let public = KeyFile::read(&path)?.public_key()?;
            keys.push((skillgate_skill::key_id(&public), public));
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn no_passphrase() -> anyhow::Result<Zeroizing<String>> {
        bail!("asked for a passphrase")
    }

    #[test]
    fn a_plain_key_comes_back_and_its_file_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/my.key");
        KeyFile::new(&key(), None)
            .unwrap()
            .write_new(&path)
            .unwrap();
        let back = KeyFile::read(&path).unwrap();
        assert_eq!(back.signing_key(no_passphrase).unwrap(), key());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.key");
        std::fs::write(&path, "precious").unwrap();
        KeyFile::new(&key(), None)
            .unwrap()
            .write_new(&path)
            .unwrap_err();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn a_sealed_key_needs_its_passphrase() {
        let file = KeyFile::new(&key(), Some("open sesame")).unwrap();
        let right = || Ok(Zeroizing::new("open sesame".to_owned()));
        let wrong = || Ok(Zeroizing::new("open barley".to_owned()));
        assert_eq!(file.signing_key(right).unwrap(), key());
        let message = file.signing_key(wrong).unwrap_err().to_string();
        assert!(message.contains("passphrase"), "{message}");
        let text = serde_json::to_string(&file).unwrap();
        assert!(!text.contains(&STANDARD.encode([7; 32])));
    }

    #[cfg(unix)]
    #[test]
    fn a_plain_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my.key");
        KeyFile::new(&key(), None)
            .unwrap()
            .write_new(&path)
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let message = KeyFile::read(&path).err().unwrap().to_string();
        assert!(message.contains("chmod 600"), "{message}");
    }

    #[test]
    fn only_key_files_of_a_folder_are_trusted() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            public_keys(&folder.path().join("absent"))
                .unwrap()
                .is_empty()
        );
        let path = folder.path().join("a.key");
        KeyFile::new(&key(), Some("x"))
            .unwrap()
            .write_new(&path)
            .unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no key").unwrap();
        let found = public_keys(folder.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, key().verifying_key());
    }
}
