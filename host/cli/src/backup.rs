//! The file of a backup: a gzipped tar archive that only its owner can read.
//!
//! In this order: `backup.json` ([`Header`]), `tables/…` (rows, as [`skillgate_store::TableChunk`] has them), `state/…` (what skills keep in
//! files), `master-key.json` (the master key sealed by a passphrase, where the operator wants it), and `end.json` ([`End`]) with a digest of
//! all that precedes it: a file without it, or with another, is not restored.

mod passphrase;
mod reader;
mod state;
mod writer;

pub(crate) use self::passphrase::{new_passphrase, passphrase};
pub(crate) use self::reader::ArchiveReader;
pub(crate) use self::state::{add_state, extract, is_empty_or_missing};
pub(crate) use self::writer::ArchiveWriter;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form of the archive that this program writes and reads.
const FORMAT: u32 = 1;

pub(crate) const HEADER: &str = "backup.json";
pub(crate) const TABLES: &str = "tables/";
pub(crate) const STATE: &str = "state/";
pub(crate) const MASTER_KEY: &str = "master-key.json";
const END: &str = "end.json";
/// What the sealed master key is bound to.
pub(crate) const SEAL_CONTEXT: &[u8] = b"skillgate backup 1: master key";

/// What a backup is a backup of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    /// The archive's form, 1.
    format: u32,
    /// The program that wrote it.
    pub(crate) version: String,
    /// The version of the database's schema.
    pub(crate) schema_version: i64,
    /// Which master key the database was made with; tells nothing of the key.
    pub(crate) master_key_fingerprint: String,
    /// When it was begun, UTC.
    pub(crate) created_at: String,
}

impl Header {
    /// Describes a backup that begins now.
    pub(crate) fn new(schema_version: i64, master_key_fingerprint: String) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version,
            master_key_fingerprint,
            created_at: jiff::Timestamp::now().to_string(),
        }
    }
}

/// What the last entry says of all others.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    entries: u64,
    /// SHA-256, hexadecimal, over name and content of each, each preceded by its length.
    sha256: String,
}

/// Digests the entries of an archive in their order.
#[derive(Default)]
struct EntryDigest {
    entries: u64,
    hasher: Sha256,
}

impl EntryDigest {
    fn begin(&mut self, name: &str, size: u64) {
        self.entries += 1;
        self.hasher.update((name.len() as u64).to_le_bytes());
        self.hasher.update(name);
        self.hasher.update(size.to_le_bytes());
    }

    fn content(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    fn end(self) -> End {
        End {
            entries: self.entries,
            sha256: hex::encode(self.hasher.finalize()),
        }
    }
}
