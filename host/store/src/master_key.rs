//! The one secret that an operator has to keep: everything sealed in the database hangs on it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::StoreError;

/// 256 random bits from which every other key of the host is derived.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// From 64 hexadecimal digits, as kept in the file or in an environment variable.
    pub fn from_hex(text: &str) -> Result<Self, StoreError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| {
            StoreError::Invalid("the master key must be 64 hexadecimal digits".into())
        })?;
        Ok(Self(key))
    }

    /// A new random key.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The key in the file at `path`; when there is none, a new one is put there, readable by its owner only.
    ///
    /// Processes that start at once get the same key: the file appears complete or not at all, and only the first wins.
    ///
    /// # Errors
    /// The file is readable by others, holds no key, or can not be read or made.
    pub fn load_or_create(path: &Path) -> Result<Self, StoreError> {
        match read_private(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path).map_err(|error| problem(path, format!("can not be made: {error}")))?;
                parse(path, read_private(path))
            }
            read => parse(path, read),
        }
    }

    /// The key as 64 hexadecimal digits, as [`MasterKey::from_hex`] reads it.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0))
    }

    /// Tells this key from others, and nothing about it: 64 hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        hex::encode(self.derive("skillgate store v1: fingerprint").as_slice())
    }

    /// A key for one purpose: one block of HKDF-Expand with SHA-256 (RFC 5869, section 2.3).
    ///
    /// Keys of different purposes tell nothing of each other or of the master key.
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut mac = keyed_hash(&self.0);
        mac.update(purpose.as_bytes());
        mac.update(&[1]);
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey(redacted)")
    }
}

/// HMAC-SHA-256 under a key, which HMAC itself fills up with zeros to the hash's block (RFC 2104, section 2).
pub(crate) fn keyed_hash(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

fn problem(path: &Path, problem: String) -> StoreError {
    StoreError::MasterKeyFile {
        path: path.into(),
        problem,
    }
}

fn parse(path: &Path, text: io::Result<Zeroizing<String>>) -> Result<MasterKey, StoreError> {
    let text = text.map_err(|error| problem(path, error.to_string()))?;
    MasterKey::from_hex(&text).map_err(|_| {
        problem(
            path,
            "holds no key; 64 hexadecimal digits are expected, restore it from a backup".into(),
        )
    })
}

/// The text of a file that only its owner can read.
fn read_private(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        return Err(io::Error::other("is open to others; run `chmod 600` on it"));
    }
    Ok(Zeroizing::new(io::read_to_string(file)?))
}

/// Puts a new key at `path` unless one is there. A link is made only where there is no file yet, by one process only.
fn create(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let draft = Draft::write(folder, &MasterKey::random().to_hex())?;
    match fs::hard_link(&draft.0, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    File::open(folder)?.sync_all()
}

/// A file beside the final one, removed when dropped.
struct Draft(PathBuf);

impl Draft {
    fn write(folder: &Path, text: &str) -> io::Result<Self> {
        let draft = Self(folder.join(format!(".master-key-{}", uuid::Uuid::new_v4().simple())));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft.0)?;
        writeln!(file, "{text}")?;
        file.sync_all()?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0); // a left-over draft is private and harmless
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn is_made_once_and_for_all_who_start_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| MasterKey::load_or_create(&path).unwrap().0))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_eq!(MasterKey::load_or_create(&path).unwrap().0, keys[0]);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left"
        );
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        MasterKey::load_or_create(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_damaged_file_is_refused_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .unwrap();
        let error = MasterKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains("64 hexadecimal digits"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn derives_by_purpose_and_shows_nothing() {
        let key = MasterKey::from_hex(&"0b".repeat(32)).unwrap();
        assert_eq!(key.derive("a"), key.derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(
            key.derive("a"),
            MasterKey::from_hex(&"0c".repeat(32)).unwrap().derive("a")
        );
        assert_eq!(format!("{key:?}"), "MasterKey(redacted)");
    }
}
