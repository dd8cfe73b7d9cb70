//! A compiler for guests where rustup cannot download: put together from Debian's `rustc-web` (a
//! recent rustc, unpacked and never installed), the C library for WASI inside PyPI's `ziglang`, and
//! the linkers and cargo that rustup's toolchain has already.
//!
//! All of it lies in `<cache>/skillgate/toolchain-1`. Each step makes one folder under a temporary
//! name and renames it when it is complete, so a set-up that was interrupted goes on where it was;
//! a lock on a file lets only one run at a time.

mod debian;
mod libc;
mod std_library;

use super::TARGET;
use crate::{Result, paths, process};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// Raised whenever the steps change, so that an older toolchain is not taken for this one.
const VERSION: &str = "toolchain-1";

/// Between a step's name and the number of the process that works on it. A process that was killed
/// may leave programs that go on writing for a while: they do so in a folder of their own.
const UNFINISHED: &str = ".part-";

/// The rustc of the finished toolchain, if it was made.
pub(super) fn find() -> Option<PathBuf> {
    let rustc = folder().ok()?.join("toolchain/bin/rustc");
    rustc.is_file().then_some(rustc)
}

/// Makes the toolchain, or what is still missing of it, and gives its rustc. About two minutes and
/// 500 MB.
///
/// # Errors
/// When a needed program is missing and cannot be installed, or a step fails.
pub(crate) fn make() -> Result<PathBuf> {
    let workshop = Workshop { folder: folder()? };
    fs::create_dir_all(&workshop.folder)?;
    let _held = lock(&workshop.folder.join("lock"))?;
    workshop.sweep()?;
    if find().is_none() {
        workshop.step(
            "debs",
            "1/5 the compiler, from Debian (130 MB)",
            debian::download,
        )?;
        workshop.step("sysroot", "2/5 unpacking it", debian::unpack)?;
        workshop.step(
            "libc",
            "3/5 the C library for WASI, from PyPI (100 MB)",
            libc::make,
        )?;
        workshop.step(
            "std",
            "4/5 compiling the standard library for WASI",
            std_library::compile,
        )?;
        workshop.step("toolchain", "5/5 putting it together", assemble)?;
    }
    for leftover in ["debs", "libc", "std"] {
        remove(&workshop.folder.join(leftover))?;
    }
    link_linkers(&workshop.folder.join("toolchain"))?;
    find().ok_or_else(|| "the toolchain was made, but holds no rustc".into())
}

/// The folder in which the steps leave their results.
struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// The result of the step `name`.
    fn result(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Removes what earlier runs left unfinished, as far as nobody is still writing there.
    fn sweep(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains(UNFINISHED) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    /// Runs `make` on a fresh folder that becomes the result `name`, unless that result is there.
    fn step(&self, name: &str, says: &str, make: fn(&Self, &Path) -> Result<()>) -> Result<()> {
        if self.result(name).exists() {
            return Ok(());
        }
        println!("  {says} …");
        let unfinished = self
            .folder
            .join(format!("{name}{UNFINISHED}{}", std::process::id()));
        fs::create_dir(&unfinished)?;
        make(self, &unfinished)?;
        Ok(fs::rename(unfinished, self.result(name))?)
    }
}

fn folder() -> Result<PathBuf> {
    Ok(paths::cache()?.join("skillgate").join(VERSION))
}

/// Waits until no other set-up holds the lock, then holds it while the file is open.
fn lock(path: &Path) -> Result<File> {
    let file = File::create(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("another set-up is running: waiting for it");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    Ok(file)
}

/// Puts the standard library and the C library into the sysroot, which becomes the toolchain.
fn assemble(workshop: &Workshop, toolchain: &Path) -> Result<()> {
    fs::rename(workshop.result("sysroot"), toolchain)?;
    let library = toolchain.join("lib/rustlib").join(TARGET).join("lib");
    copy_files(&workshop.result("std"), &library)?;
    copy_files(&workshop.result("libc"), &library.join("self-contained"))?;
    remove(&toolchain.join("lib/rustlib/src"))
}

/// Points to the linkers of the ordinary toolchain. Done each time: that toolchain may have moved.
fn link_linkers(toolchain: &Path) -> Result<()> {
    let ordinary = process::read(process::rustc().args(["--print", "sysroot"]))?;
    let tools = Path::new("lib/rustlib").join(host()?).join("bin");
    fs::create_dir_all(toolchain.join(&tools))?;
    for linker in ["rust-lld", "wasm-component-ld", "gcc-ld"] {
        let (link, target) = (
            toolchain.join(&tools).join(linker),
            Path::new(&ordinary).join(&tools).join(linker),
        );
        if !target.exists() {
            return Err(
                format!("{} is missing: install Rust with rustup", target.display()).into(),
            );
        }
        if fs::read_link(&link).ok().as_ref() != Some(&target) {
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(target, link)?;
        }
    }
    Ok(())
}

/// The machine's own target, such as `x86_64-unknown-linux-gnu`.
fn host() -> Result<String> {
    let version = process::read(process::rustc().arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("`rustc -vV` names no host")?.to_owned())
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} could not be removed: {error}", folder.display()).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_step_is_kept_and_a_half_finished_one_starts_anew() {
        let folder = std::env::temp_dir().join(format!("xtask-steps-{}", std::process::id()));
        remove(&folder).unwrap();
        fs::create_dir_all(folder.join("a.part-1/rubbish")).unwrap();
        let workshop = Workshop {
            folder: folder.clone(),
        };
        workshop.sweep().unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let make: fn(&Workshop, &Path) -> Result<()> =
            |_, part| Ok(fs::write(part.join("made"), "")?);
        let fail: fn(&Workshop, &Path) -> Result<()> = |_, _| Err("called".into());
        workshop.step("a", "", make).unwrap();
        assert!(folder.join("a/made").exists());
        workshop.step("a", "", fail).unwrap();
        assert!(workshop.step("b", "", fail).is_err() && !folder.join("b").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
