//! The compiler: Debian's `rustc-web`, which follows the stable releases for browsers. Its packages
//! conflict with an installed rustup, so they are downloaded and unpacked, never installed.

use super::{Workshop, remove};
use crate::{Result, process};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts the compiler with the libraries that lie beside it.
const WRAPPER: &str = r#"#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH="$here/../lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/rustc.bin" "$@"
"#;

/// Downloads the packages into `debs`.
pub(super) fn download(_: &Workshop, debs: &Path) -> Result<()> {
    for program in ["apt-get", "apt-cache", "dpkg"] {
        if process::on_path(program).is_none() {
            return Err(format!(
                "`{program}` is missing: this way works on Debian and its kin only"
            )
            .into());
        }
    }
    if process::is_root() {
        process::read(Command::new("apt-get").args(["update", "-qq"]))?;
    }
    let library = dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
    let llvm = dependency(&library, "libllvm")?;
    let mut fetch = Command::new("apt-get");
    // Root's cache folder cannot be read by the user that apt would otherwise download as.
    fetch
        .current_dir(debs)
        .args(["-o", "APT::Sandbox::User=root", "download", "-qq"]);
    fetch.args([
        "rustc-web",
        "libstd-rust-web-dev",
        "rust-web-src",
        &library,
        &llvm,
    ]);
    process::read(&mut fetch).map(drop)
}

/// The first package whose name starts with `prefix` that `package` depends on.
fn dependency(package: &str, prefix: &str) -> Result<String> {
    let listing = process::read(Command::new("apt-cache").args(["depends", package]))?;
    let mut names = listing
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    let found = names.find(|name| name.starts_with(prefix));
    Ok(found
        .ok_or_else(|| format!("Debian's {package} depends on no {prefix}*"))?
        .to_owned())
}

/// Lays the packages' content out in `sysroot` as rustc expects it.
pub(super) fn unpack(workshop: &Workshop, sysroot: &Path) -> Result<()> {
    let unpacked = sysroot.join("unpacked");
    for package in entries(&workshop.result("debs"))? {
        process::read(Command::new("dpkg").arg("-x").args([&package, &unpacked]))?;
    }
    let usr = unpacked.join("usr");
    fs::create_dir_all(sysroot.join("bin"))?;
    fs::create_dir_all(sysroot.join("lib"))?;
    fs::rename(usr.join("bin/rustc"), sysroot.join("bin/rustc.bin"))?;
    let rustc = sysroot.join("bin/rustc");
    fs::write(&rustc, WRAPPER)?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
    move_libraries(&usr.join("lib"), &sysroot.join("lib"))?;
    fs::rename(usr.join("lib/rustlib"), sysroot.join("lib/rustlib"))?;
    move_source(&usr.join("src"), &sysroot.join("lib/rustlib/src/rust"))?;
    remove(&unpacked)
}

/// Moves the compiler's shared libraries out of the machine's folder (`lib/x86_64-linux-gnu`).
fn move_libraries(from: &Path, to: &Path) -> Result<()> {
    for folder in entries(from)?
        .iter()
        .filter(|path| is_named(path, "", "-linux-gnu"))
    {
        for file in entries(folder)? {
            if is_named(&file, "librustc_driver-", "") || is_named(&file, "libLLVM", "") {
                fs::rename(&file, to.join(file.file_name().unwrap_or_default()))?;
            }
        }
    }
    Ok(())
}

/// Moves the standard library's source from `src/rustc-<version>` to where rustc looks for it.
fn move_source(from: &Path, to: &Path) -> Result<()> {
    let folders = entries(from)?;
    let source = folders.iter().find(|path| is_named(path, "rustc-", ""));
    let source = source.ok_or("Debian's rust-web-src holds no source")?;
    remove_link(to)?;
    fs::create_dir_all(to)?;
    for part in ["library", "Cargo.lock"] {
        fs::rename(source.join(part), to.join(part))?;
    }
    Ok(())
}

/// The package leaves a link to the place where it would have been installed.
fn remove_link(path: &Path) -> Result<()> {
    if path.is_symlink() {
        Ok(fs::remove_file(path)?)
    } else {
        remove(path)
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(read
        .map(|entry| entry.map(|e| e.path()))
        .collect::<std::io::Result<_>>()?)
}

fn is_named(path: &Path, start: &str, end: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(start) && name.ends_with(end)
}
