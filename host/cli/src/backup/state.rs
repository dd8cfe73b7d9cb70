//! What skills keep in files: the folder `state` of the data folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use super::reader::Entry;
use super::{ArchiveWriter, STATE};

/// Where the runtime puts what was deleted and is not yet removed.
const TRASH: &str = "trash";

/// Adds every file below `state` to an archive, each as it is while it is read; tells how many there were.
///
/// Links and devices are left out: skills have none. A file that is deleted meanwhile is left out too.
///
/// # Errors
/// A folder or file cannot be read, or the archive not written.
pub(crate) fn add_state(archive: &mut ArchiveWriter, state: &Path) -> anyhow::Result<u64> {
    let mut files = 0;
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let folder = state.join(&below);
        let listed = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            listed => listed.with_context(|| format!("cannot list {}", folder.display()))?,
        };
        for entry in listed {
            let entry = entry?;
            let path = below.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() && path != Path::new(TRASH) {
                folders.push(path);
            } else if kind.is_file() {
                files += u64::from(add(archive, &state.join(&path), &path)?);
            }
        }
    }
    Ok(files)
}

/// Adds a file; tells whether it is still there.
fn add(archive: &mut ArchiveWriter, file: &Path, path: &Path) -> anyhow::Result<bool> {
    let cannot = || format!("cannot back up {}", file.display());
    let no_link = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    let mut options = OpenOptions::new();
    let opened = match options.read(true).custom_flags(no_link).open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.with_context(cannot)?,
    };
    let Some(path) = path.to_str() else {
        bail!("{} has a name that is not UTF-8", file.display());
    };
    archive
        .add_file(&format!("{STATE}{path}"), opened)
        .with_context(cannot)?;
    Ok(true)
}

/// Writes a file of an archive below `state`.
///
/// # Errors
/// Its name leads out of the folder, or it cannot be written.
pub(crate) fn extract(entry: Entry<'_>, path: &str, state: &Path) -> anyhow::Result<()> {
    let path = Path::new(path);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if !path.components().all(plain) {
        bail!("the name leads out of the folder");
    }
    let file = state.join(path);
    if let Some(folder) = file.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut options = OpenOptions::new();
    let mut file: File = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    io::copy(entry.content, &mut file)?;
    file.sync_all()?;
    Ok(())
}

/// Whether a folder is empty or does not exist.
///
/// # Errors
/// It cannot be listed.
pub(crate) fn is_empty_or_missing(folder: &Path) -> io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}
