//! Compiled code on disk. An entry is `tag || code`, where the tag is an HMAC under the host's key
//! over the entry's name and the code. What is loaded is the very bytes whose tag was checked, held
//! in memory: changing the file meanwhile changes nothing.

use std::fs::{self, DirBuilder};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

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
    /// Digest of everything beside the component that decides the machine code: wasmtime's
    /// version, the compiler's settings, the CPU's features.
    environment: [u8; 32],
}

impl CodeCache {
    pub(crate) fn open(settings: Cache, engine: &Engine) -> Result<Self, HostFault> {
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
        Ok(Self {
            settings,
            environment: hasher.0.finalize().into(),
        })
    }

    /// The entry's name for a component of this SHA-256.
    pub(crate) fn name(&self, component: &[u8; 32]) -> String {
        hex::encode(
            Sha256::new()
                .chain_update(component)
                .chain_update(self.environment)
                .finalize(),
        )
    }

    /// The code of an entry, if it is there and authentic. Anything else is a miss: the caller
    /// compiles again and overwrites it.
    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut entry = Vec::new();
        let file = fs::File::open(self.path(name)).ok()?;
        file.take(MAX_CODE + TAG_LEN as u64)
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
