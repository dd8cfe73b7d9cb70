//! Compiled code on disk. An entry is `tag || code`, where the tag is an HMAC under the host's key
//! over the entry's name and the code. What is loaded is the very bytes whose tag was checked, held
//! in memory: changing the file meanwhile changes nothing.

use std::fs::{self, DirBuilder};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;

use crate::compile::MAX_CODE;
use crate::config::Cache;
use crate::error::HostFault;

const TAG_LEN: usize = 32;

/// The cache, opened: its folder exists.
#[derive(Debug)]
pub(crate) struct CodeCache {
    settings: Cache,
    /// The most bytes that all entries together may have.
    capacity: u64,
    /// Held while entries are deleted: one at a time looks through the folder.
    pruning: Mutex<()>,
    /// Digest of everything beside the component that decides the machine code: wasmtime's
    /// version, the compiler's settings, the CPU's features.
    environment: [u8; 32],
}

impl CodeCache {
    pub(crate) fn open(settings: Cache, capacity: u64, engine: &Engine) -> Result<Self, HostFault> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&settings.dir)
            .map_err(|error| {
                HostFault::io(
                    format!("making the folder {}", settings.dir.display()),
                    error,
                )
            })?;
        let mut hasher = DigestHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let cache = Self {
            settings,
            capacity,
            pruning: Mutex::default(),
            environment: hasher.0.finalize().into(),
        };
        cache.prune();
        Ok(cache)
    }

    /// The entry's name for a component of this SHA-256.
    pub(crate) fn name(&self, component: &[u8; 32]) -> String {
        let digest = Sha256::new()
            .chain_update(component)
            .chain_update(self.environment)
            .finalize();
        HEXLOWER.encode(&digest)
    }

    /// The code of an entry, if it is there and authentic. Anything else is a miss: the caller
    /// compiles again and overwrites it.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut entry = Vec::new();
        let file = fs::File::open(self.path(name)).ok()?;
        note_use(&file);
        (&file)
            .take(MAX_CODE + TAG_LEN as u64)
            .read_to_end(&mut entry)
            .ok()?;
        let (tag, code) = entry.split_at_checked(TAG_LEN)?;
        if self.mac(name, code).verify_slice(tag).is_err() {
            tracing::warn!(
                entry = name,
                "a compiled component in the cache is not authentic; compiling it again"
            );
            return None;
        }
        entry.drain(..TAG_LEN);
        Some(entry)
    }

    /// Writes an entry whole or not at all. A cache that cannot be written costs time, nothing else.
    pub(crate) fn write(&self, name: &str, code: &[u8]) {
        if let Err(error) = self.try_write(name, code) {
            tracing::warn!("the compiled component could not be cached: {error}");
        }
        self.prune();
    }

    /// Deletes what was not used longest until the rest fits. What cannot be deleted is left: the next write tries again.
    fn prune(&self) {
        let _one_at_a_time = self.pruning.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = self.entries();
        entries.sort_by_key(|entry| entry.used);
        let mut total: u64 = entries.iter().map(|entry| entry.size).sum();
        for entry in entries {
            if total <= self.capacity {
                return;
            }
            match fs::remove_file(&entry.path) {
                Ok(()) => total -= entry.size,
                Err(error) => {
                    tracing::warn!(path = %entry.path.display(), "a compiled component could not be deleted: {error}");
                }
            }
        }
    }

    /// All files of the folder, those too that a crash left half written.
    fn entries(&self) -> Vec<Entry> {
        let Ok(files) = fs::read_dir(&self.settings.dir) else {
            return Vec::new();
        };
        let entry = |file: fs::DirEntry| {
            let about = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(Entry {
                path: file.path(),
                size: about.len(),
                used: about.modified().ok()?.max(about.accessed().ok()?),
            })
        };
        files.flatten().filter_map(entry).collect()
    }

    fn try_write(&self, name: &str, code: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.settings.dir)?;
        file.write_all(&self.mac(name, code).finalize().into_bytes())?;
        file.write_all(code)?;
        file.persist(self.path(name))?;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.settings.dir.join(name).with_extension("cwasm")
    }

    fn mac(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        // A fixed-size key never fails; the padded block is HMAC's own form of a short key.
        let mut block = [0u8; 64];
        block[..32].copy_from_slice(&self.settings.key);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(name.as_bytes());
        mac.update(code);
        mac
    }
}

/// A file of the cache.
struct Entry {
    path: PathBuf,
    size: u64,
    /// When it was last read or written.
    used: SystemTime,
}

/// Sets the time that tells which entries are in use: not every disk is mounted so that reading does.
fn note_use(file: &fs::File) {
    let now = fs::FileTimes::new().set_accessed(SystemTime::now());
    if let Err(error) = file.set_times(now) {
        tracing::debug!("the use of a compiled component could not be noted: {error}");
    }
}

/// Turns the engine's `Hash` into a digest that is the same in every process.
struct DigestHasher(Sha256);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Not asked for: the digest is taken instead.
    fn finish(&self) -> u64 {
        0
    }
}
