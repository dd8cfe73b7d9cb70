//! What all folders of this host share: the operator's caps, the sum, the free disk, the open files.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

use super::free_space::FreeSpace;
use super::refusal::{NoRoom, Refusal};
use crate::StorageLimits;

/// The host's own sums.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) limits: StorageLimits,
    pub(super) open_files: Arc<Semaphore>,
    /// Bytes of the accounts that were measured, with what was deleted and is still on the disk. Until all
    /// are measured, soon after the start, the sum is too small; the floor of free disk holds from the first write.
    used: AtomicU64,
    free: FreeSpace,
}

impl Host {
    pub(super) fn new(limits: StorageLimits) -> Self {
        Self {
            open_files: Arc::new(Semaphore::new(limits.open_files)),
            used: AtomicU64::new(0),
            free: FreeSpace::new(limits.min_free_disk),
            limits,
        }
    }

    /// Counts `bytes` more, if they fit under the cap and above the floor.
    pub(super) fn charge(&self, folder: &Path, bytes: u64) -> Result<(), Refusal> {
        let most = self.limits.host_bytes;
        let fits = |used: u64| used.checked_add(bytes).filter(|used| *used <= most);
        self.used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits)
            .map_err(|_| NoRoom::Host { most })?;
        self.free
            .take(folder, bytes)
            .inspect_err(|_| self.refund(bytes))
    }

    pub(super) fn refund(&self, bytes: u64) {
        let less = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }

    /// Counts what was found at the start, whether it fits or not.
    pub(super) fn add(&self, bytes: u64) {
        let more = |used: u64| Some(used.saturating_add(bytes));
        let _ = self
            .used
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
    }
}
