//! One account's folders: opened, measured, deleted.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, Semaphore};

use super::host::Host;
use super::measure::measure;
use super::refusal::{NoRoom, Refusal};
use super::sums::Sums;
use super::usage::Usage;
use super::{Folder, Place, trash};

/// How long a deleted agent's folders are not made again. A call that was accepted before its agent was
/// deleted waits for a sandbox and runs for a minute at most with the default limits; later ones find no agent.
const REMEMBER_DELETED: Duration = Duration::from_secs(600);

/// An account's folders.
#[derive(Debug)]
pub(super) struct Account {
    path: PathBuf,
    pub(super) sums: Arc<Sums>,
    pub(super) open_files: Arc<Semaphore>,
    /// Who opens or deletes folders waits here first, so that nobody holds a thread while an account is measured.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Locked while folders are made, moved to the trash or measured: only on threads that may wait.
    layout: Mutex<Layout>,
}

#[derive(Debug, Default)]
struct Layout {
    /// Folders in use now. Calls that share a folder share its count.
    in_use: HashMap<Place, Weak<Folder>>,
    /// Agents that were deleted, and when.
    deleted: HashMap<String, Instant>,
}

impl Account {
    pub(super) fn new(host: Arc<Host>, path: PathBuf) -> Self {
        let open_files = Arc::new(Semaphore::new(host.limits.open_files_per_account));
        Self {
            sums: Arc::new(Sums::new(host, path.clone())),
            path,
            open_files,
            turn: Arc::default(),
            layout: Mutex::default(),
        }
    }

    /// Waits until nobody else of this account opens or deletes folders.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// A folder that is in use already. Does not wait: `None` also while the account is measured.
    pub(super) fn in_use(&self, place: &Place) -> Option<Arc<Folder>> {
        let layout = self.layout.try_lock().ok()?;
        let folder = layout.in_use.get(place).and_then(Weak::upgrade)?;
        (!folder.is_deleted()).then_some(folder)
    }

    /// Opens a folder, and makes it when absent.
    pub(super) fn open(&self, place: &Place) -> Result<Arc<Folder>, Refusal> {
        let mut layout = self.layout();
        self.measure_once()?;
        let deleted = layout.deleted.get(&place.agent);
        if deleted.is_some_and(|at| at.elapsed() < REMEMBER_DELETED) {
            return Err(NoRoom::Deleted.into());
        }
        if let Some(folder) = layout.in_use.get(place).and_then(Weak::upgrade)
            && !folder.is_deleted()
        {
            return Ok(folder);
        }
        let folder = Arc::new(Folder {
            path: self.make(place)?,
            place: place.clone(),
            sums: Arc::clone(&self.sums),
            deleted: Arc::new(AtomicBool::new(false)),
            ledger: Arc::default(),
        });
        layout.in_use.retain(|_, folder| folder.strong_count() > 0);
        layout.in_use.insert(place.clone(), Arc::downgrade(&folder));
        Ok(folder)
    }

    /// Moves an agent's folders to the trash; tells whether there were any.
    pub(super) fn bury(&self, agent: &str, trash: &Path) -> io::Result<bool> {
        let mut layout = self.layout();
        layout
            .deleted
            .retain(|_, at| at.elapsed() < REMEMBER_DELETED);
        layout.deleted.insert(agent.to_owned(), Instant::now());
        for folder in layout.in_use.values().filter_map(Weak::upgrade) {
            if folder.place.agent == agent {
                folder.deleted.store(true, Ordering::SeqCst);
            }
        }
        let folder = self.path.join(agent);
        match folder.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            about => about?,
        };
        private_folder(trash)?;
        fs::rename(folder, trash.join(trash::unique_name()))?;
        Ok(true)
    }

    /// Measures the account, unless that was done.
    pub(super) fn measure(&self) -> io::Result<()> {
        let _layout = self.layout();
        self.measure_once()
    }

    /// To be called with the layout locked: nothing is charged before this has run once, and nothing deleted meanwhile.
    fn measure_once(&self) -> io::Result<()> {
        if self.sums.are_measured() {
            return Ok(());
        }
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            entries => Some(entries?),
        };
        let mut agents = HashMap::new();
        for entry in entries.into_iter().flatten() {
            let entry = entry?;
            let used = measure(&entry.path(), self.sums.host.limits.account_entries)?;
            let used = self.countable(&entry.path(), used);
            let name = entry.file_name().to_string_lossy().into_owned();
            agents.insert(name, used.plus(Usage::entry(0)));
        }
        self.sums.set(agents);
        Ok(())
    }

    /// What is beyond counting fills its own account and nothing of the host's sum: nobody else is refused for it.
    fn countable(&self, agent: &Path, used: Usage) -> Usage {
        if used != Usage::BEYOND_COUNTING {
            return used;
        }
        tracing::warn!(
            folder = %agent.display(),
            "an agent's folders are too many or too deep to be counted; its account may write nothing more until the agent is deleted"
        );
        Usage {
            bytes: self.sums.host.limits.account_bytes,
            ..used
        }
    }

    /// Makes a folder and those that lead to it, and charges those that were not there.
    fn make(&self, place: &Place) -> Result<PathBuf, Refusal> {
        private_folder(&self.path)?;
        let mut path = self.path.clone();
        for name in [&place.agent, &place.own, &place.purpose] {
            path.push(name);
            if path.is_dir() {
                continue;
            }
            self.sums.charge(&place.agent, Usage::entry(0))?;
            private_folder(&path)
                .inspect_err(|_| self.sums.refund(&place.agent, Usage::entry(0)))?;
        }
        Ok(path)
    }

    fn layout(&self) -> MutexGuard<'_, Layout> {
        self.layout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a folder that only this user may enter, unless it is there.
fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
