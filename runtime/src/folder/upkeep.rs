//! What the host does with its folders in the background: removes what is in the trash, counts what is there.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::account::Account;
use super::{Folders, trash};

/// The state of the background work. It has a thread of its own, because it may take long and nobody waits for it:
/// neither a request nor the end of the process.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    stage: Mutex<Stage>,
    /// Agents in the trash whose bytes are still counted.
    buried: Mutex<Vec<(Arc<Account>, String)>>,
    surveyed: AtomicBool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    Running,
    /// Running, and asked to run again.
    Again,
}

impl Upkeep {
    pub(super) fn buried(&self, account: Arc<Account>, agent: String) {
        locked(&self.buried).push((account, agent));
    }
}

impl Folders {
    /// Lets the background work begin, or begin anew when it is running.
    pub(crate) fn tend(self: &Arc<Self>) {
        let mut stage = locked(&self.upkeep.stage);
        if *stage != Stage::Idle {
            *stage = Stage::Again;
            return;
        }
        let folders = Arc::clone(self);
        let thread = std::thread::Builder::new()
            .name("skillgate-state".to_owned())
            .spawn(move || folders.run());
        match thread {
            Ok(_) => *stage = Stage::Running,
            Err(error) => tracing::warn!(
                "the thread that deletes agents' folders could not be started: {error}; they are deleted with the next agent or at the next start"
            ),
        }
    }

    fn run(&self) {
        loop {
            self.empty_trash();
            if !self.upkeep.surveyed.swap(true, Ordering::SeqCst) {
                self.survey();
            }
            let mut stage = locked(&self.upkeep.stage);
            if *stage != Stage::Again {
                *stage = Stage::Idle;
                return;
            }
            *stage = Stage::Running;
        }
    }

    /// Removes what is in the trash, and counts it no more.
    pub(super) fn empty_trash(&self) {
        let buried = std::mem::take(&mut *locked(&self.upkeep.buried));
        let emptied = self.trash().and_then(|path| trash::empty(&path));
        if let Ok(true) = emptied {
            for (account, agent) in buried {
                account.sums.forget(&agent);
            }
            return;
        }
        locked(&self.upkeep.buried).extend(buried);
        let why = emptied.map_or_else(|error| error.to_string(), |_| "it is in use".to_owned());
        tracing::warn!(
            "deleted agents' folders could not all be removed from the trash: {why}; they are with the next agent or at the next start"
        );
    }

    /// Measures all accounts that are on the disk, for the host's sum.
    fn survey(&self) {
        let Ok(entries) = self.root().and_then(fs::read_dir) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_digest(&name) {
                self.measure_account(name, &entry.path());
            }
        }
    }

    fn measure_account(&self, name: String, path: &Path) {
        if let Err(error) = self.account_at(name, path.to_owned()).measure() {
            tracing::warn!(
                "what skills keep in {} could not be counted: {error}",
                path.display()
            );
        }
    }
}

/// Whether a name is an account's.
fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
