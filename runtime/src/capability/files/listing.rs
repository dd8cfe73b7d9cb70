//! Listings of folders, which wasmtime-wasi reads into memory as a whole.

use std::fs::File;
use std::io;
use std::sync::Arc;

use rustix::fs::Dir;
use tokio::task::spawn_blocking;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

use super::OpenFolders;

/// Names that the open listings of one call may hold in memory together: as many as one folder may hold with
/// the default limits. At 255 bytes each that is some 30 MB.
const MAX_LISTED: u64 = 100_000;

/// Counts the names in a folder.
pub(super) async fn count(folder: Arc<File>) -> io::Result<u64> {
    let count = move || -> io::Result<u64> {
        let mut names = 0;
        for entry in Dir::read_from(&*folder)? {
            entry?;
            names += 1;
        }
        Ok(names)
    };
    spawn_blocking(count).await.map_err(io::Error::other)?
}

impl OpenFolders {
    /// Whether a listing of so many names may be read, beside those that are open.
    pub(super) fn check_listing(&self, names: u64) -> Result<(), ErrorCode> {
        let listed: u64 = self.listed.values().sum();
        if listed.saturating_add(names) > MAX_LISTED + 2 {
            return Err(ErrorCode::InsufficientMemory);
        }
        Ok(())
    }
}
