//! Deletes whole trees, whatever is in them.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::measure::is_dots;

/// Names taken from the trash before it is listed anew, in order that a full one costs little memory.
const BATCH: usize = 1000;

/// A name for something in the trash that nothing else in it has: the time that this process began, and a number.
pub(super) fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static BEGAN: std::sync::OnceLock<u128> = std::sync::OnceLock::new();
    let began = BEGAN.get_or_init(|| {
        SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.as_nanos())
    });
    format!("{began:x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Deletes what is in the trash, and tells whether it is empty now. What is still written to stays for the next time.
///
/// A folder in a folder is moved up into the trash itself before it is emptied. So it takes three
/// descriptors and no stack for any depth, and after a crash what is left is found here again.
pub(super) fn empty(trash: &Path) -> io::Result<bool> {
    let top = match open_folder(rustix::fs::CWD, trash) {
        Err(Errno::NOENT) => return Ok(true),
        opened => opened?,
    };
    loop {
        let names = first_names(&top)?;
        if names.is_empty() {
            return Ok(true);
        }
        let (mut progress, mut failed) = (false, None);
        for name in &names {
            match remove(&top, name) {
                Ok(less) => progress |= less,
                Err(error) => failed = Some(error),
            }
        }
        if !progress {
            return failed.map_or(Ok(false), Err);
        }
    }
}

fn first_names(folder: &OwnedFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !is_dots(entry.file_name()) {
            names.push(entry.file_name().to_owned());
        }
        if names.len() == BATCH {
            break;
        }
    }
    Ok(names)
}

/// Removes one thing from the trash, with what is in it; tells whether anything of it went away.
fn remove(top: &OwnedFd, name: &CStr) -> io::Result<bool> {
    if removed(top, name)? {
        return Ok(true);
    }
    let folder = open_folder(top, name)?;
    let mut progress = false;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let inner = entry.file_name();
        if is_dots(inner) {
            continue;
        }
        if !removed(&folder, inner)? {
            rustix::fs::renameat(&folder, inner, top, unique_name())?;
        }
        progress = true;
    }
    Ok(removed(top, name)? || progress)
}

/// Removes a file or an empty folder; tells whether it is gone.
fn removed(folder: &OwnedFd, name: &CStr) -> io::Result<bool> {
    match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(true),
        // Linux answers the first for a folder, POSIX the second.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    match rustix::fs::unlinkat(folder, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn open_folder(at: impl std::os::fd::AsFd, path: impl rustix::path::Arg) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    rustix::fs::openat(at, path, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Makes folders that many deep, through handles: their path is longer than a path may be.
    fn nest(parent: &Path, levels: usize) {
        let mut at = open_folder(rustix::fs::CWD, parent).unwrap();
        for _ in 0..levels {
            rustix::fs::mkdirat(&at, c"d", Mode::RWXU).unwrap();
            at = open_folder(&at, c"d").unwrap();
        }
    }

    #[test]
    fn any_depth_and_width_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let trash = folder.path().join("trash");
        for width in 0..3 {
            let one = trash.join(format!("{width}/x/y"));
            fs::create_dir_all(&one).unwrap();
            fs::write(one.join("file"), "text").unwrap();
        }
        fs::write(trash.join("file"), "text").unwrap();
        for number in 0..BATCH + 5 {
            fs::create_dir_all(trash.join(format!("wide/{number}/in"))).unwrap();
        }
        nest(&trash, 2_000);
        assert!(empty(&trash).unwrap());
        assert_eq!(fs::read_dir(&trash).unwrap().count(), 0);
        assert!(empty(&folder.path().join("none")).unwrap());
    }

    #[test]
    fn links_are_removed_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        fs::create_dir_all(&kept).unwrap();
        fs::write(kept.join("file"), "text").unwrap();
        let trash = folder.path().join("trash");
        fs::create_dir_all(trash.join("in")).unwrap();
        std::os::unix::fs::symlink(&kept, trash.join("in/link")).unwrap();
        std::os::unix::fs::symlink(&kept, trash.join("link")).unwrap();
        assert!(empty(&trash).unwrap());
        assert!(kept.join("file").exists());
    }
}
