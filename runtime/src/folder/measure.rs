//! Counts what lies below a folder.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::usage::Usage;

/// Levels that are counted, and descriptors that counting holds at most. More than guests can make
/// ([`MAX_DEPTH`](super::MAX_DEPTH) and the levels above them).
const MAX_LEVELS: usize = 40;

/// Counts everything below `folder`, without following links. What is deeper or more than this host lets guests
/// make counts as [`Usage::BEYOND_COUNTING`]. Goes through handles, so the length of a path does not matter.
pub(super) fn measure(folder: &Path, most_entries: u64) -> io::Result<Usage> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let top = match rustix::fs::open(folder, flags, Mode::empty()) {
        Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Usage::default()),
        opened => opened?,
    };
    let mut used = Usage::default();
    let mut levels = vec![Dir::new(top)?];
    while let Some(level) = levels.last_mut() {
        let Some(entry) = level.read() else {
            levels.pop();
            continue;
        };
        let entry = entry?;
        if is_dots(entry.file_name()) {
            continue;
        }
        let Some(found) = look(level, entry.file_name())? else {
            continue;
        };
        let content = match &found {
            Found::Folder(_) => 0,
            Found::Other(length) => *length,
        };
        used = used.plus(Usage::entry(content));
        if used.entries > most_entries || levels.len() >= MAX_LEVELS {
            return Ok(Usage::BEYOND_COUNTING);
        }
        if let Found::Folder(below) = found {
            levels.push(Dir::new(below)?);
        }
    }
    Ok(used)
}

enum Found {
    Folder(OwnedFd),
    Other(u64),
}

/// What is called `name` in a folder; `None` when it went away since it was listed.
fn look(level: &Dir, name: &std::ffi::CStr) -> io::Result<Option<Found>> {
    let at = level.fd()?;
    let about = match rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        about => about?,
    };
    if FileType::from_raw_mode(about.st_mode) != FileType::Directory {
        let length = u64::try_from(about.st_size).unwrap_or(0);
        return Ok(Some(Found::Other(length)));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::openat(at, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        opened => Ok(Some(Found::Folder(opened?))),
    }
}

/// `.` and `..`, which every folder lists.
pub(super) fn is_dots(name: &std::ffi::CStr) -> bool {
    matches!(name.to_bytes(), b"." | b"..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::usage::ENTRY_COST;
    use std::fs;

    #[test]
    fn lengths_and_entries_are_counted_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c"), [0; 100]).unwrap();
        std::os::unix::fs::symlink("/usr", folder.path().join("d")).unwrap();
        let used = measure(folder.path(), 10).unwrap();
        assert_eq!(used.entries, 4);
        assert_eq!(used.bytes, 4 * ENTRY_COST + 100 + "/usr".len() as u64);
        assert_eq!(measure(folder.path(), 3).unwrap(), Usage::BEYOND_COUNTING);
        assert_eq!(
            measure(&folder.path().join("none"), 3).unwrap(),
            Usage::default()
        );
    }

    #[test]
    fn what_is_too_deep_counts_as_full() {
        let folder = tempfile::tempdir().unwrap();
        let deep = vec!["d"; MAX_LEVELS + 1].join("/");
        fs::create_dir_all(folder.path().join(deep)).unwrap();
        assert_eq!(
            measure(folder.path(), 1000).unwrap(),
            Usage::BEYOND_COUNTING
        );
    }
}
