//! Folders that the manifest asked for. Use them with `std::fs`.

use std::path::PathBuf;

use crate::host;

/// The folder of one granted path: `permissions.files` with `path: notes` is `files::folder("notes")`.
///
/// In the sandbox this is `/notes`; natively it is a folder in a temporary one that belongs to the
/// test's thread, made when it is first asked for.
pub fn folder(path: &str) -> PathBuf {
    host::files::folder(path.trim_start_matches('/'))
}
