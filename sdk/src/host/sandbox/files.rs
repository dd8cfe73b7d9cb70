//! Folders: preopened by the host under the root, one per granted path.

use std::path::PathBuf;

pub(crate) fn folder(path: &str) -> PathBuf {
    PathBuf::from("/").join(path)
}
