//! One digest for a package's content.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// SHA-256 over the sorted list of all files but the signature, one line each:
/// `<SHA-256 in hex> <size> <path>\n`. A path holds no line feed, so the list has one reading.
///
/// Independent of who signed and of how the archive was packed. Displays as 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

impl Digest {
    pub(super) fn of(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut hasher = Sha256::new();
        for (path, content) in files {
            let line = format!("{} {} {path}\n", crate::sha256_hex(content), content.len());
            hasher.update(line.as_bytes());
        }
        Self(hasher.finalize().into())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
