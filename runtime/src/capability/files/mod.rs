//! `wasi:filesystem`: the folders that were asked for and granted, through wasmtime-wasi's cap-std
//! preopens (names cannot escape them), with a quota that is ours.

mod host;
mod stream;

use std::collections::HashMap;
use std::sync::Arc;

use skillgate_skill::{Effective, FileAccess};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::folder::{Folder, Folders, Hold, NoRoom};
use crate::limits::{Stop, bytes};
use crate::state::Shared;
use crate::{HostFault, Scope};
pub(crate) use host::HasFiles;

/// The folders that one call may use.
#[derive(Default)]
pub(crate) struct OpenFolders {
    folders: Vec<Arc<Quota>>,
    /// Which folder a descriptor belongs to.
    owners: HashMap<u32, Arc<Quota>>,
}

impl OpenFolders {
    /// Opens what is both asked for and granted, as preopens of `wasi`.
    pub(crate) fn open(
        effective: &Effective,
        folders: &Folders,
        scope: &Scope,
        wasi: &mut WasiCtxBuilder,
    ) -> Result<Self, HostFault> {
        let mut opened = Self::default();
        for permission in effective.files() {
            // One name, so that no folder lies inside another with its own access and quota.
            let folder = folders.open(
                scope,
                &format!("files/{}", permission.path.replace('/', "%2F")),
            )?;
            let access = match permission.access {
                FileAccess::ReadOnly => FsPerms::ReadOnly,
                FileAccess::ReadWrite => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(folder.path(), &permission.path, access)
                .map_err(HostFault::engine)?;
            opened.folders.push(Arc::new(Quota {
                folder,
                path: permission.path,
                most: permission.quota,
            }));
        }
        Ok(opened)
    }
}

/// One folder with its quota.
struct Quota {
    folder: Arc<Folder>,
    path: String,
    most: u64,
}

impl Quota {
    fn charge(&self, shared: &Shared, more: u64) -> Result<Hold, QuotaExceeded> {
        let refused = match self.folder.charge(more, self.most) {
            Ok(hold) => {
                shared.uses.record_more("files", &self.path, more);
                return Ok(hold);
            }
            Err(refused) => refused,
        };
        match refused {
            NoRoom::Full { .. } => {
                let limit = format!("{} in {}", bytes(self.most), self.path);
                shared.refuse(Stop::limit("files-quota", limit));
            }
            NoRoom::Unknown(why) => {
                tracing::error!("a skill's folder could not be measured: {why}");
            }
        }
        Err(QuotaExceeded)
    }
}

/// A write that was refused, as the guest's standard library sees it: `EDQUOT`.
#[derive(Debug, thiserror::Error)]
#[error("the folder's quota is used up")]
struct QuotaExceeded;
