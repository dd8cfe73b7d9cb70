//! `wasi:filesystem`: the folders that were asked for and granted. Names are resolved by cap-primitives, so that none leads
//! out of a folder; quota, depth and open files are ours.

mod depth;
mod host;
mod listing;
mod open;
mod operation;
mod stream;

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use skillgate_skill::{Effective, FileAccess, FilePermission};
use tokio::sync::Semaphore;
use wasmtime_wasi::filesystem::Dir;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::{FsPerms, OpenMode};

use crate::folder::{Folder, Folders, Ledger, NoRoom, OpenFile, OpenFiles, Refusal, digest};
use crate::limits::Stop;
use crate::state::Shared;
use crate::{HostFault, StateScope};
pub(crate) use host::HasFiles;
use operation::At;

/// The folders that one call may use, and what it has open in them.
#[derive(Default)]
pub(crate) struct OpenFolders {
    preopens: Vec<Preopen>,
    /// What each descriptor belongs to.
    opened: HashMap<u32, Opened>,
    /// Names that each listing of a folder holds in memory.
    listed: HashMap<u32, u64>,
    places: Option<OpenFiles>,
    /// Streams that write: each may have one write in the host's memory.
    writers: OnceLock<Arc<Semaphore>>,
    /// Why a folder is missing that was granted.
    refused: Option<Stop>,
}

/// The most streams of one call that write to files at the same time; what a guest's standard library buffers is one each.
const MAX_WRITERS: usize = 16;

/// A folder that a guest finds open when it begins.
struct Preopen {
    dir: Dir,
    name: String,
    opened: Opened,
}

/// What belongs to a descriptor, for as long as anything that came from it.
#[derive(Clone)]
struct Opened {
    owner: Arc<Quota>,
    /// Names below the folder itself, which has none. A folder keeps its depth for as long as it exists.
    depth: u32,
    _place: Arc<OpenFile>,
}

impl OpenFolders {
    /// Opens what is both asked for and granted. A folder for which there is no room is left out, and
    /// [`OpenFolders::take_refused`] tells why.
    pub(crate) async fn open(
        effective: &Effective,
        folders: &Arc<Folders>,
        scope: &StateScope,
    ) -> Result<Self, HostFault> {
        let wanted = effective.files();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let doing = |error| HostFault::io("opening a skill's folder", error);
        let places = folders.open_files(&scope.account).map_err(doing)?;
        let place = places.take_when_free(wanted.len()).await;
        let place = place.map_err(HostFault::engine)?;
        let mut open = Self::default();
        open.places = Some(places);
        for permission in wanted {
            let path = permission.path.clone();
            match preopen(permission, folders, scope, &place).await {
                Ok(preopen) => open.preopens.push(preopen),
                Err(Refusal::Disk(error)) => return Err(doing(error)),
                Err(Refusal::Room(refusal)) => {
                    open.refused.get_or_insert(refusal.stop("files", &path));
                }
            }
        }
        Ok(open)
    }

    /// Places for streams that write.
    fn writers(&self) -> Arc<Semaphore> {
        let places = || Arc::new(Semaphore::new(MAX_WRITERS));
        Arc::clone(self.writers.get_or_init(places))
    }

    /// Why a folder is missing that was granted.
    pub(crate) fn take_refused(&mut self) -> Option<Stop> {
        self.refused.take()
    }
}

/// What the call left open was closed before this: the files among it that have no name are counted no more.
impl Drop for OpenFolders {
    fn drop(&mut self) {
        self.opened.clear();
        for preopen in &self.preopens {
            preopen.opened.owner.folder.release_closed();
        }
    }
}

async fn preopen(
    permission: FilePermission,
    folders: &Arc<Folders>,
    scope: &StateScope,
    place: &Arc<OpenFile>,
) -> Result<Preopen, Refusal> {
    // A digest: two paths never share a folder, and a long path makes no long name.
    let purpose = format!("files-{}", digest(&[&permission.path]));
    let folder = folders.open(scope, &purpose).await?;
    let (perms, mode) = match permission.access {
        FileAccess::ReadOnly => (FsPerms::ReadOnly, OpenMode::READ),
        FileAccess::ReadWrite => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
    };
    Ok(Preopen {
        dir: Dir::new(folder.handle().await?, perms, mode, false),
        name: permission.path.clone(),
        opened: Opened {
            owner: Arc::new(Quota {
                folder,
                path: permission.path,
                most: permission.quota.min(folders.limits().files_quota),
            }),
            depth: 0,
            _place: Arc::clone(place),
        },
    })
}

/// One folder with its quota.
struct Quota {
    folder: Arc<Folder>,
    path: String,
    /// Bytes.
    most: u64,
}

impl Opened {
    /// Changes the folder, alone and to the end. `work` gets the quota in bytes.
    async fn change<T: Send + 'static>(
        &self,
        shared: &Shared,
        work: impl FnOnce(&mut Ledger, u64) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, ErrorCode> {
        // Kept until the work has ended, which may be after the call.
        let (held, most) = (self.clone(), self.owner.most);
        let done = self.owner.folder.exclusively(move |ledger| {
            let _held = held;
            work(ledger, most)
        });
        done.await
            .map_err(|refusal| self.owner.refused(shared, refusal))
    }

    async fn write(
        &self,
        shared: &Shared,
        file: Arc<File>,
        at: At,
        bytes: Bytes,
    ) -> Result<u64, ErrorCode> {
        let write =
            move |ledger: &mut Ledger, most| operation::write(ledger, &file, at, &bytes, most);
        let written = self.change(shared, write).await?;
        shared
            .uses()
            .record_more("files", &self.owner.path, written);
        Ok(written)
    }
}

impl Quota {
    /// The error for the guest; a limit is remembered for the call's outcome.
    fn refused(&self, shared: &Shared, refusal: Refusal) -> ErrorCode {
        let refusal = match refusal {
            Refusal::Disk(error) => return error.into(),
            Refusal::Room(refusal) => refusal,
        };
        shared.refuse(refusal.stop("files", &self.path));
        match refusal {
            NoRoom::Depth { .. } => ErrorCode::NameTooLong,
            NoRoom::DiskFloor { .. } => ErrorCode::InsufficientSpace,
            // There is no code for too many open files.
            NoRoom::OpenFiles { .. } => ErrorCode::InsufficientMemory,
            NoRoom::Deleted => ErrorCode::NoEntry,
            _ => ErrorCode::Quota,
        }
    }
}
