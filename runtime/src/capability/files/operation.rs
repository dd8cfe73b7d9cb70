//! What changes a folder, each with its count. All of it waits for the disk, and has the folder for itself.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt as _};
use std::path::Path;
use std::sync::Arc;

use cap_primitives::fs::{self, DirOptions, FollowSymlinks, Metadata, MetadataExt};
use rustix::io::Errno;
use wasmtime_wasi::filesystem::{Descriptor, Dir};

use super::depth;
use super::open::OpenRequest;
use crate::folder::{Inode, Ledger, Refusal, Usage};

/// Where in a file bytes are written.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    /// So many bytes from its beginning.
    Offset(u64),
    /// At its end.
    End,
}

/// A path in a folder, with its depth.
#[derive(Debug, Clone)]
pub(super) struct Name {
    dir: Arc<File>,
    path: String,
    depth: u32,
}

impl Name {
    pub(super) fn new(dir: &Dir, from: u32, path: String) -> Self {
        Self {
            dir: Arc::clone(&dir.dir),
            depth: depth::of(from, &path),
            path,
        }
    }

    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    fn look(&self) -> io::Result<Option<Metadata>> {
        match fs::stat(&self.dir, self.path(), FollowSymlinks::No) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            found => found.map(Some),
        }
    }
}

/// Opens a file or a folder, and makes a file if that was asked for.
pub(super) fn open(
    ledger: &mut Ledger,
    name: &Name,
    request: &OpenRequest,
    quota: u64,
) -> Result<Descriptor, Refusal> {
    let before = name.look()?;
    let is_new = request.creates() && before.is_none();
    if is_new {
        depth::check(name.depth)?;
        ledger.charge(Usage::entry(0), quota)?;
    }
    let opened = fs::open(&name.dir, name.path(), request.options());
    if is_new && opened.is_err() {
        ledger.refund(Usage::entry(0));
    }
    let opened = opened?;
    if let Some(before) = before.filter(|before| before.is_file())
        && request.truncates()
    {
        ledger.refund(Usage::content(before.len()));
    }
    let descriptor = request.descriptor(opened)?;
    if let Descriptor::File(file) = &descriptor {
        ledger.opened(&file.file)?;
    }
    Ok(descriptor)
}

/// Writes all of `data`; gives its length.
pub(super) fn write(
    ledger: &mut Ledger,
    file: &File,
    at: At,
    data: &[u8],
    quota: u64,
) -> Result<u64, Refusal> {
    let before = file.metadata()?.len();
    let from = match at {
        At::Offset(offset) => offset,
        At::End => before,
    };
    let length = data.len() as u64;
    let end = from
        .checked_add(length)
        .ok_or(io::Error::from(Errno::FBIG))?;
    if data.is_empty() {
        return Ok(0);
    }
    resize(ledger, file, before.max(end), quota, || {
        file.write_all_at(data, from)
    })?;
    Ok(length)
}

/// Makes a file longer or shorter.
pub(super) fn set_size(
    ledger: &mut Ledger,
    file: &File,
    size: u64,
    quota: u64,
) -> Result<(), Refusal> {
    resize(ledger, file, size, quota, || file.set_len(size))
}

/// Does what makes a file `size` bytes long. What it is longer is charged before, and what it did not become, or is shorter,
/// is counted less after.
fn resize(
    ledger: &mut Ledger,
    file: &File,
    size: u64,
    quota: u64,
    act: impl FnOnce() -> io::Result<()>,
) -> Result<(), Refusal> {
    let about = file.metadata()?;
    let charged = about.len().max(size);
    ledger.charge(Usage::content(charged - about.len()), quota)?;
    let done = act();
    // When its length is not to be had it may have any up to what was charged.
    let after = file.metadata().map_or(charged, |after| after.len());
    ledger.refund(Usage::content(charged.saturating_sub(after)));
    ledger.resized(Inode(about.dev(), about.ino()), after);
    Ok(done?)
}

/// Makes a folder.
pub(super) fn create_directory(
    ledger: &mut Ledger,
    name: &Name,
    quota: u64,
) -> Result<(), Refusal> {
    depth::check(name.depth)?;
    ledger.charge(Usage::entry(0), quota)?;
    let made = fs::create_dir(&name.dir, name.path(), &DirOptions::new());
    made.inspect_err(|_| ledger.refund(Usage::entry(0)))?;
    Ok(())
}

/// Removes an empty folder.
pub(super) fn remove_directory(ledger: &mut Ledger, name: &Name) -> Result<(), Refusal> {
    fs::remove_dir(&name.dir, name.path())?;
    ledger.refund(Usage::entry(0));
    Ok(())
}

/// Takes a file's name away; its bytes go when nobody has it open.
pub(super) fn unlink(ledger: &mut Ledger, name: &Name) -> Result<(), Refusal> {
    let about = fs::stat(&name.dir, name.path(), FollowSymlinks::No)?;
    fs::remove_file(&name.dir, name.path())?;
    ledger.unnamed(inode(&about), about.len());
    Ok(())
}

/// Gives a file or a folder another name. A folder keeps its depth, so that what is below it, and who has it open, need
/// no second look: to another depth it must be copied, as between two file systems.
pub(super) fn rename(ledger: &mut Ledger, old: &Name, new: &Name) -> Result<(), Refusal> {
    let moved = fs::stat(&old.dir, old.path(), FollowSymlinks::No)?;
    if moved.is_dir() && old.depth != new.depth {
        return Err(io::Error::from(Errno::XDEV).into());
    }
    depth::check(new.depth)?;
    let replaced = new.look()?;
    fs::rename(&old.dir, old.path(), &new.dir, new.path())?;
    match replaced.filter(|replaced| inode(replaced) != inode(&moved)) {
        Some(folder) if folder.is_dir() => ledger.refund(Usage::entry(0)),
        Some(file) => ledger.unnamed(inode(&file), file.len()),
        None => {}
    }
    Ok(())
}

fn inode(about: &Metadata) -> Inode {
    Inode(MetadataExt::dev(about), MetadataExt::ino(about))
}

#[cfg(test)]
mod tests;
