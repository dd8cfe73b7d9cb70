//! `wasi:keyvalue/store`: one store for each scope, a file for each key, written whole or not at all.
//!
//! A file is named by its key's digest, so that no key can name a path, and begins with the key
//! (its length in 2 bytes, little-endian) so that keys can be listed.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::Resource;

use crate::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::folder::{ENTRY_COST, Folder, NoRoom};
use crate::limits::{Stop, bytes};
use crate::state::State;

/// The longest key in bytes.
pub(crate) const MAX_KEY: usize = 1024;
/// The most keys in one answer of `list-keys`.
const PAGE: usize = 1000;

/// The file that a value is written to before it is in its place. One is enough: a writer holds the folder's account,
/// and so what a crash left of it goes with the next write.
const UNFINISHED: &str = "unfinished";

/// An open store.
#[derive(Debug, Clone)]
#[allow(
    unreachable_pub,
    reason = "named by generated code, which is public inside its module"
)]
pub struct Bucket {
    folder: Arc<Folder>,
    quota: u64,
}

impl Host for State {
    async fn open(
        &mut self,
        identifier: String,
    ) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        self.meter.count_host_call();
        if !matches!(identifier.as_str(), "" | "default") {
            return Ok(Err(Error::NoSuchStore));
        }
        let quota = match self.shared.effective.kv_quota() {
            Ok(quota) => quota,
            Err(denial) => {
                self.shared.deny(denial);
                return Ok(Err(Error::AccessDenied));
            }
        };
        let folder = self.folders.open(&self.scope, "kv")?;
        Ok(Ok(self.table.push(Bucket { folder, quota })?))
    }
}

impl HostBucket for State {
    async fn get(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        let value = self.with(&bucket, &key, Bucket::get).await?;
        if let Ok(Some(value)) = &value {
            self.shared
                .uses
                .record("kv", format!("get {key}"), value.len() as u64);
        }
        Ok(value)
    }

    async fn set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let size = value.len() as u64;
        let used = self.used("set", &key, size);
        let done = self
            .with(&bucket, &key, move |bucket, key| bucket.set(key, &value))
            .await?;
        self.unless_refused(used, size, &done);
        Ok(done)
    }

    async fn delete(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let used = self.used("delete", &key, 0);
        let done = self.with(&bucket, &key, Bucket::delete).await?;
        self.unless_refused(used, 0, &done);
        Ok(done)
    }

    async fn exists(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        self.with(&bucket, &key, |bucket, key| {
            Ok(bucket.path(key).try_exists()?)
        })
        .await
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        self.with(&bucket, "", move |bucket, _| {
            bucket.list(cursor.unwrap_or(0))
        })
        .await
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl State {
    /// Records a use before it begins: a call that is cut in the middle may have done it. `None` for a
    /// key that will be refused.
    fn used(&self, verb: &str, key: &str, bytes: u64) -> Option<usize> {
        let fits = key.len() <= MAX_KEY;
        fits.then(|| {
            self.shared
                .uses
                .record("kv", format!("{verb} {key}"), bytes)
        })
    }

    /// Takes it back when the host refused it.
    fn unless_refused(&self, used: Option<usize>, bytes: u64, done: &Result<(), Error>) {
        if let (Some(used), Err(_)) = (used, done) {
            self.shared.uses.retract(used, bytes);
        }
    }

    /// Runs `work` on the store, on a thread that may wait for the disk, and maps its error.
    async fn with<T: Send + 'static>(
        &mut self,
        bucket: &Resource<Bucket>,
        key: &str,
        work: impl FnOnce(&Bucket, &str) -> Result<T, Refusal> + Send + 'static,
    ) -> wasmtime::Result<Result<T, Error>> {
        self.meter.count_host_call();
        if key.len() > MAX_KEY {
            return Ok(Err(Error::Other(format!(
                "the key has {} bytes; at most {MAX_KEY} are allowed",
                key.len()
            ))));
        }
        // Asked again for each operation: the grant may have been revoked since the store was opened.
        if let Err(denial) = self.shared.effective.kv_quota() {
            self.shared.deny(denial);
            return Ok(Err(Error::AccessDenied));
        }
        let bucket = self.table.get(bucket)?.clone();
        let key = key.to_owned();
        let quota = bucket.quota;
        let done = tokio::task::spawn_blocking(move || work(&bucket, &key)).await?;
        Ok(done.map_err(|refusal| match refusal {
            Refusal::Room(NoRoom::Full { .. }) => {
                self.shared.refuse(Stop::limit("kv-quota", bytes(quota)));
                Error::Other(format!("the store's quota of {} is used up", bytes(quota)))
            }
            Refusal::Room(NoRoom::Unknown(why)) => {
                tracing::error!("a key-value store could not be measured: {why}");
                Error::Other("the store is not usable".into())
            }
            Refusal::Disk(error) => {
                tracing::error!("a key-value store failed: {error}");
                Error::Other("the store is not usable".into())
            }
        }))
    }
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Room(#[from] NoRoom),
    #[error(transparent)]
    Disk(#[from] io::Error),
}

impl Bucket {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let mut file = match File::open(self.path(key)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        read_key(&mut file)?;
        let mut value = Vec::new();
        file.read_to_end(&mut value)?;
        Ok(Some(value))
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), Refusal> {
        let mut account = self.folder.account();
        let new = ENTRY_COST + 2 + key.len() as u64 + value.len() as u64;
        let old = self.cost(key)?;
        let unfinished = self.folder.path().join(UNFINISHED);
        remove(&unfinished)?;
        account.charge(new.saturating_sub(old), self.quota)?;
        let mut file = File::create_new(&unfinished)?;
        file.write_all(&(key.len() as u16).to_le_bytes())?;
        file.write_all(key.as_bytes())?;
        file.write_all(value)?;
        fs::rename(unfinished, self.path(key))?;
        account.refund(old.saturating_sub(new));
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), Refusal> {
        let mut account = self.folder.account();
        let old = self.cost(key)?;
        remove(&self.path(key))?;
        account.refund(old);
        Ok(())
    }

    /// Keys in their order, from the `cursor`-th on.
    fn list(&self, cursor: u64) -> Result<KeyResponse, Refusal> {
        // Holds off writers: a key must not go away between its listing and its reading.
        let _account = self.folder.account();
        let mut keys = Vec::new();
        for entry in fs::read_dir(self.folder.path())? {
            let entry = entry?;
            // Anything not named by a digest is [`UNFINISHED`].
            if entry.file_name().len() == 64 {
                keys.push(read_key(&mut File::open(entry.path())?)?);
            }
        }
        keys.sort_unstable();
        let from = usize::try_from(cursor)
            .unwrap_or(usize::MAX)
            .min(keys.len());
        let to = keys.len().min(from + PAGE);
        let cursor = (to < keys.len()).then_some(to as u64);
        Ok(KeyResponse {
            keys: keys.drain(from..to).collect(),
            cursor,
        })
    }

    /// What a key's file counts for now.
    fn cost(&self, key: &str) -> io::Result<u64> {
        match fs::metadata(self.path(key)) {
            Ok(about) => Ok(ENTRY_COST + about.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(hex::encode(Sha256::digest(key)))
    }
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn read_key(file: &mut File) -> io::Result<String> {
    let mut length = [0; 2];
    file.read_exact(&mut length)?;
    let mut key = vec![0; usize::from(u16::from_le_bytes(length))];
    file.read_exact(&mut key)?;
    String::from_utf8(key).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scope;
    use crate::folder::Folders;

    fn bucket(quota: u64) -> (Folders, Bucket) {
        let folders = Folders::new(None);
        let folder = folders.open(&Scope::default(), "kv").unwrap();
        (folders, Bucket { folder, quota })
    }

    #[test]
    fn what_was_set_is_got_listed_and_deleted() {
        let (_folders, bucket) = bucket(1 << 20);
        bucket.set("../../etc/passwd", b"one").unwrap();
        bucket.set("b", b"two").unwrap();
        bucket.set("b", b"three").unwrap();
        assert_eq!(bucket.get("../../etc/passwd").unwrap().unwrap(), b"one");
        assert_eq!(bucket.get("b").unwrap().unwrap(), b"three");
        assert_eq!(bucket.list(0).unwrap().keys, ["../../etc/passwd", "b"]);
        bucket.delete("b").unwrap();
        bucket.delete("b").unwrap();
        assert_eq!(bucket.get("b").unwrap(), None);
    }

    #[test]
    fn the_quota_holds_and_replacing_counts_the_difference() {
        let (_folders, bucket) = bucket(ENTRY_COST + 1000);
        bucket.set("a", &[0; 900]).unwrap();
        assert!(matches!(
            bucket.set("a", &[0; 1000]),
            Err(Refusal::Room(NoRoom::Full { .. }))
        ));
        assert!(matches!(
            bucket.set("b", &[]),
            Err(Refusal::Room(NoRoom::Full { .. }))
        ));
        bucket.set("a", &[1; 950]).unwrap();
        assert_eq!(bucket.get("a").unwrap().unwrap().len(), 950);
        bucket.delete("a").unwrap();
        bucket.set("b", &[0; 900]).unwrap();
    }

    #[test]
    fn what_a_crash_left_of_a_write_goes_with_the_next() {
        let (_folders, bucket) = bucket(2 * ENTRY_COST);
        fs::write(bucket.folder.path().join(UNFINISHED), [0; 4096]).unwrap();
        assert!(bucket.list(0).unwrap().keys.is_empty());
        bucket.set("a", b"whole").unwrap();
        assert_eq!(bucket.get("a").unwrap().unwrap(), b"whole");
        assert!(!bucket.folder.path().join(UNFINISHED).exists());
    }

    #[test]
    fn long_lists_come_in_pages() {
        let (_folders, bucket) = bucket(64 << 20);
        for number in 0..PAGE + 5 {
            bucket.set(&format!("{number:05}"), b"").unwrap();
        }
        let first = bucket.list(0).unwrap();
        assert_eq!((first.keys.len(), first.cursor), (PAGE, Some(PAGE as u64)));
        let second = bucket.list(PAGE as u64).unwrap();
        assert_eq!((second.keys.len(), second.cursor), (5, None));
        assert!(bucket.list(u64::MAX).unwrap().keys.is_empty());
    }
}
