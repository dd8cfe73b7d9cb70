//! Folders that last between calls: one for each scope and purpose, with what it holds counted.
//!
//! On the disk: `<account>/<agent>/<peer and skill>/<purpose>`, each a digest but the last, beside `trash`, where what was
//! deleted waits to be removed. A folder's count ([`Ledger`]) is measured once and then kept; what is charged to it is
//! charged to the sums of its agent, account and host ([`sums`], [`host`]) as well. Whatever waits for the disk runs on
//! threads that may wait, alone on its folder ([`Folder::exclusively`]), and to its end, also when the call that wanted
//! it is gone.

mod account;
mod free_space;
mod host;
mod ledger;
mod measure;
mod open_files;
mod refusal;
mod sums;
mod trash;
mod upkeep;
mod usage;

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use data_encoding::HEXLOWER;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{HostFault, StateScope, StorageLimits};
use account::Account;
use host::Host;
pub(crate) use ledger::{Inode, Ledger};
pub(crate) use open_files::{OpenFile, OpenFiles};
pub(crate) use refusal::{NoRoom, Refusal};
use sums::Sums;
use upkeep::Upkeep;
#[cfg(test)]
pub(crate) use usage::ENTRY_COST;
pub(crate) use usage::Usage;

/// How deep names may be nested in a folder of a guest. Real programs need fewer; every level costs the host a
/// descriptor when it counts, and a path must stay shorter than the system's longest.
pub(crate) const MAX_DEPTH: u32 = 32;

/// Folders whose count is remembered when no call uses them, for all accounts.
const MAX_KEPT: usize = 1024;

/// All folders of a runtime.
#[derive(Debug)]
pub(crate) struct Folders {
    configured: Option<PathBuf>,
    temporary: OnceLock<TempDir>,
    host: Arc<Host>,
    /// By the digest of their ids. One for each account that was seen since the start.
    accounts: Mutex<HashMap<String, Arc<Account>>>,
    /// Counts worth remembering, the oldest first.
    kept: Mutex<VecDeque<Arc<Folder>>>,
    upkeep: Upkeep,
}

impl Folders {
    pub(crate) fn new(configured: Option<PathBuf>, limits: StorageLimits) -> Self {
        Self {
            configured,
            temporary: OnceLock::new(),
            host: Arc::new(Host::new(limits)),
            accounts: Mutex::default(),
            kept: Mutex::default(),
            upkeep: Upkeep::default(),
        }
    }

    /// The operator's caps.
    pub(crate) fn limits(&self) -> &StorageLimits {
        &self.host.limits
    }

    /// The folder of this scope for this purpose, made when absent. `purpose` is one plain name.
    ///
    /// # Errors
    /// [`NoRoom`] when the account's caps or the floor of free disk leave no room for a new folder, or the agent
    /// was deleted.
    pub(crate) async fn open(
        self: &Arc<Self>,
        scope: &StateScope,
        purpose: &str,
    ) -> Result<Arc<Folder>, Refusal> {
        let account = self.account(&scope.account)?;
        let place = Place {
            agent: digest(&[&scope.agent]),
            own: digest(&[&scope.peer, &scope.skill]),
            purpose: purpose.to_owned(),
        };
        if let Some(folder) = account.in_use(&place) {
            return Ok(folder);
        }
        let turn = account.turn().await;
        let folders = Arc::clone(self);
        in_background(move || {
            let _turn = turn;
            let folder = account.open(&place)?;
            folders.keep(&folder);
            Ok(folder)
        })
        .await
    }

    /// Deletes all folders of an agent. When this returns they are out of every call's reach; the disk is
    /// freed in the background, after a crash at the next start. For ten minutes no folder of the agent is made
    /// again: a call that was accepted before the agent was deleted has ended by then, and a later one finds no agent.
    pub(crate) async fn forget(
        self: &Arc<Self>,
        account: &str,
        agent: &str,
    ) -> Result<(), HostFault> {
        let doing = "deleting an agent's folders";
        let fault = |error| HostFault::io(doing, error);
        let account = self.account(account).map_err(fault)?;
        let turn = account.turn().await;
        let (folders, agent) = (Arc::clone(self), digest(&[agent]));
        let buried = in_background(move || {
            let _turn = turn;
            if account.bury(&agent, &folders.trash()?)? {
                folders.upkeep.buried(account, agent);
                folders.tend();
            }
            Ok(())
        });
        buried.await.map_err(|refusal| match refusal {
            Refusal::Disk(error) => fault(error),
            Refusal::Room(refusal) => fault(io::Error::other(refusal)),
        })
    }

    /// The places for open files that one call of an account draws on.
    pub(crate) fn open_files(&self, account: &str) -> io::Result<OpenFiles> {
        let limits = self.limits();
        let account = self.account(account)?;
        Ok(OpenFiles {
            most: [
                limits.open_files_per_call,
                limits.open_files_per_account,
                limits.open_files,
            ],
            places: [
                Arc::new(Semaphore::new(limits.open_files_per_call)),
                Arc::clone(&account.open_files),
                Arc::clone(&self.host.open_files),
            ],
        })
    }

    fn account(&self, id: &str) -> io::Result<Arc<Account>> {
        let name = digest(&[id]);
        let path = self.root()?.join(&name);
        Ok(self.account_at(name, path))
    }

    fn account_at(&self, name: String, path: PathBuf) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts
            .entry(name)
            .or_insert_with(|| Arc::new(Account::new(Arc::clone(&self.host), path)));
        Arc::clone(account)
    }

    fn keep(&self, folder: &Arc<Folder>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| !other.is_deleted() && !Arc::ptr_eq(other, folder));
        kept.push_back(Arc::clone(folder));
        if kept.len() > MAX_KEPT {
            kept.pop_front();
        }
    }

    fn trash(&self) -> io::Result<PathBuf> {
        Ok(self.root()?.join("trash"))
    }

    fn root(&self) -> io::Result<&Path> {
        if let Some(configured) = &self.configured {
            return Ok(configured);
        }
        if let Some(temporary) = self.temporary.get() {
            return Ok(temporary.path());
        }
        let made = tempfile::Builder::new()
            .prefix("skillgate-state-")
            .tempdir()?;
        Ok(self.temporary.get_or_init(|| made).path())
    }
}

/// Where a folder lies below its account's. Every part is one plain name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    agent: String,
    own: String,
    purpose: String,
}

/// A name for a list of texts. Each is preceded by its length, so no two lists share one.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    HEXLOWER.encode(&hasher.finalize())
}

/// Runs `work` on a thread that may wait for the disk, to its end whether this is polled again or not.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error).into()))
}

/// One folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    place: Place,
    sums: Arc<Sums>,
    deleted: Arc<AtomicBool>,
    /// `None` until the folder is measured, which its first change does.
    ledger: Arc<tokio::sync::Mutex<Option<Ledger>>>,
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A handle to the folder itself.
    pub(crate) async fn handle(self: &Arc<Self>) -> Result<File, Refusal> {
        let folder = Arc::clone(self);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        in_background(move || {
            let handle = rustix::fs::open(&folder.path, flags, Mode::empty());
            Ok(File::from(handle.map_err(io::Error::from)?))
        })
        .await
    }

    /// Runs `work` on a thread that may wait for the disk, when nobody else changes this folder. Once begun it runs to
    /// its end, and the folder stays locked as long, also when the caller went away.
    pub(crate) async fn exclusively<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Ledger) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let mut turn = Arc::clone(&self.ledger).lock_owned().await;
        let folder = Arc::clone(self);
        in_background(move || {
            let ledger = match &mut *turn {
                Some(ledger) => ledger,
                unmeasured => unmeasured.insert(folder.measure()?),
            };
            let done = work(ledger);
            ledger.release_closed();
            done
        })
        .await
    }

    /// Counts less what lost its name and was closed, unless the folder is just being changed, which does it too.
    pub(crate) fn release_closed(&self) {
        if let Ok(mut ledger) = self.ledger.try_lock()
            && let Some(ledger) = &mut *ledger
        {
            ledger.release_closed();
        }
    }

    fn measure(&self) -> Result<Ledger, Refusal> {
        let used = measure::measure(&self.path, self.sums.host.limits.folder_entries)?;
        Ok(Ledger::new(
            used,
            self.place.agent.clone(),
            Arc::clone(&self.sums),
            Arc::clone(&self.deleted),
        ))
    }

    fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests;
