//! Folders that last between calls: one for each scope and purpose, with what it holds counted.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{HostFault, Scope};

/// What an entry costs beside its content, in bytes: names and inodes are not free, so a million
/// empty files do not fit into a small quota.
pub(crate) const ENTRY_COST: u64 = 1024;

/// All folders of a runtime.
#[derive(Debug)]
pub(crate) struct Folders {
    configured: Option<PathBuf>,
    temporary: OnceLock<TempDir>,
    /// Folders in use now. Calls that share a folder share its count.
    in_use: Mutex<HashMap<PathBuf, Weak<Folder>>>,
}

impl Folders {
    pub(crate) fn new(configured: Option<PathBuf>) -> Self {
        Self {
            configured,
            temporary: OnceLock::new(),
            in_use: Mutex::default(),
        }
    }

    /// The folder of this scope for this purpose, made when absent. `purpose` is a relative path
    /// of plain names.
    pub(crate) fn open(&self, scope: &Scope, purpose: &str) -> Result<Arc<Folder>, HostFault> {
        let own = digest(&[&scope.peer, &scope.skill]);
        let path = self
            .root()?
            .join(digest(&[&scope.agent]))
            .join(own)
            .join(purpose);
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(folder) = in_use.get(&path).and_then(Weak::upgrade) {
            return Ok(folder);
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(|error| {
                HostFault::io(format!("making the folder {}", path.display()), error)
            })?;
        let folder = Arc::new(Folder {
            path: path.clone(),
            used: Mutex::new(None),
            in_flight: AtomicU64::new(0),
        });
        in_use.retain(|_, folder| folder.strong_count() > 0);
        in_use.insert(path, Arc::downgrade(&folder));
        Ok(folder)
    }

    /// Deletes all folders of an agent, through a handle that no link leads out of.
    pub(crate) fn forget(&self, agent: &str) -> Result<(), HostFault> {
        let root = self.root()?;
        let deleted = Dir::open_ambient_dir(root, ambient_authority())
            .and_then(|root| root.remove_dir_all(digest(&[agent])));
        match deleted {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(HostFault::io(
                format!("deleting an agent's folders in {}", root.display()),
                error,
            )),
            _ => Ok(()),
        }
    }

    fn root(&self) -> Result<&Path, HostFault> {
        if let Some(configured) = &self.configured {
            return Ok(configured);
        }
        if let Some(temporary) = self.temporary.get() {
            return Ok(temporary.path());
        }
        let made = tempfile::Builder::new()
            .prefix("skillgate-state-")
            .tempdir()
            .map_err(|error| HostFault::io("making a temporary folder", error))?;
        Ok(self.temporary.get_or_init(|| made).path())
    }
}

/// A name for a list of texts. Each is preceded by its length, so no two lists share one.
fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

/// One folder. Its count of bytes may be too high, never too low; it is measured when a write
/// would otherwise not fit.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    used: Mutex<Option<u64>>,
    in_flight: AtomicU64,
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The count, for as long as the guard is held.
    pub(crate) fn account(&self) -> Account<'_> {
        Account {
            folder: self,
            used: self.used.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Charges bytes that are about to be written, until the [`Hold`] is dropped perhaps not yet
    /// on disk.
    pub(crate) fn charge(self: &Arc<Self>, bytes: u64, quota: u64) -> Result<Hold, NoRoom> {
        let mut account = self.account();
        account.charge(bytes, quota)?;
        self.in_flight.fetch_add(bytes, Ordering::SeqCst);
        drop(account);
        Ok(Hold {
            folder: Arc::clone(self),
            bytes,
        })
    }
}

/// The count of a folder, locked.
pub(crate) struct Account<'a> {
    folder: &'a Folder,
    used: MutexGuard<'a, Option<u64>>,
}

impl Account<'_> {
    /// Counts `bytes` more, if they fit.
    pub(crate) fn charge(&mut self, bytes: u64, quota: u64) -> Result<(), NoRoom> {
        let fits = |used: u64| used.saturating_add(bytes) <= quota;
        let used = match *self.used {
            Some(used) if fits(used) => used,
            _ => self.measure()?,
        };
        *self.used = Some(used);
        if !fits(used) {
            return Err(NoRoom::Full { quota });
        }
        *self.used = Some(used.saturating_add(bytes));
        Ok(())
    }

    /// Counts `bytes` less.
    pub(crate) fn refund(&mut self, bytes: u64) {
        if let Some(used) = self.used.as_mut() {
            *used = used.saturating_sub(bytes);
        }
    }

    fn measure(&self) -> Result<u64, NoRoom> {
        // Read first: a write that ends during the walk is then counted twice, not missed.
        let in_flight = self.folder.in_flight.load(Ordering::SeqCst);
        let on_disk =
            size_of(&self.folder.path).map_err(|error| NoRoom::Unknown(error.to_string()))?;
        Ok(on_disk.saturating_add(in_flight))
    }
}

/// Bytes that were charged and may not be on disk yet.
#[derive(Debug)]
pub(crate) struct Hold {
    folder: Arc<Folder>,
    bytes: u64,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.folder
            .in_flight
            .fetch_sub(self.bytes, Ordering::SeqCst);
    }
}

/// Why a write was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum NoRoom {
    #[error("the quota of {quota} bytes is used up")]
    Full { quota: u64 },
    #[error("the folder could not be measured: {0}")]
    Unknown(String),
}

/// Everything under a folder: lengths, and [`ENTRY_COST`] for each entry.
fn size_of(folder: &Path) -> io::Result<u64> {
    let mut total = 0u64;
    let mut pending = vec![folder.to_owned()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(next)? {
            let entry = entry?;
            let about = match entry.metadata() {
                Ok(about) => about,
                // Gone since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            total = total.saturating_add(ENTRY_COST);
            match about.is_dir() {
                true => pending.push(entry.path()),
                false => total = total.saturating_add(about.len()),
            }
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(agent: &str, peer: &str) -> Scope {
        Scope {
            account: "t".into(),
            agent: agent.into(),
            peer: peer.into(),
            skill: "s".into(),
        }
    }

    #[test]
    fn scopes_do_not_collide() {
        let folders = Folders::new(None);
        let path = |agent, peer| {
            let folder = folders.open(&scope(agent, peer), "kv").unwrap();
            folder.path().to_owned()
        };
        assert_ne!(path("ab", "c"), path("a", "bc"));
        assert_ne!(path("a", "b"), path("b", "a"));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }

    #[test]
    fn an_agent_that_is_forgotten_leaves_nothing_and_the_others_stay() {
        let folders = Folders::new(None);
        let [one, two, other] = [("a", "p"), ("a", "q"), ("b", "p")].map(|(agent, peer)| {
            let folder = folders.open(&scope(agent, peer), "files/notes").unwrap();
            fs::write(folder.path().join("one"), "text").unwrap();
            folder.path().join("one")
        });
        folders.forget("a").unwrap();
        assert!(!one.exists() && !two.exists() && other.exists());
        folders.forget("a").unwrap();
        Folders::new(Some("/nonexistent/state".into()))
            .forget("a")
            .unwrap();
    }

    #[test]
    fn what_is_deleted_can_be_written_again() {
        let folders = Folders::new(None);
        let folder = folders.open(&scope("a", "b"), "files").unwrap();
        let quota = 2 * ENTRY_COST + 100;
        let hold = folder.charge(ENTRY_COST + 100, quota).unwrap();
        fs::write(folder.path().join("one"), [0; 100]).unwrap();
        drop(hold);
        assert!(matches!(
            folder.charge(ENTRY_COST + 1, quota),
            Err(NoRoom::Full { .. })
        ));
        fs::remove_file(folder.path().join("one")).unwrap();
        assert!(folder.charge(ENTRY_COST + 100, quota).is_ok());
    }

    #[test]
    fn bytes_in_flight_count_before_they_are_on_disk() {
        let folders = Folders::new(None);
        let folder = folders.open(&scope("a", "b"), "files").unwrap();
        let _first = folder.charge(60, 100).unwrap();
        assert!(folder.charge(60, 100).is_err());
    }

    #[test]
    fn calls_at_the_same_time_share_the_count() {
        let folders = Folders::new(None);
        let one = folders.open(&scope("a", "b"), "files").unwrap();
        let other = folders.open(&scope("a", "b"), "files").unwrap();
        let _hold = one.charge(80, 100).unwrap();
        assert!(other.charge(80, 100).is_err());
    }
}
