//! Where things are.

use crate::Result;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder `target/<name>` of the repository. It is the same for everybody, wherever
/// `CARGO_TARGET_DIR` points, so that tests and documents can name it.
pub(crate) fn product(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// Where cargo compiles guests: one folder for the examples and the tests' guests, which have most
/// dependencies in common.
pub(crate) fn guest_target() -> PathBuf {
    product("guest-build")
}

/// The `skillgate` binary of the profile folder `profile` (`debug` or `release`). Cargo put this
/// very program into the same target folder.
pub(crate) fn binary(profile: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own
        .ancestors()
        .nth(2)
        .ok_or("xtask was not started by cargo")?;
    Ok(target.join(profile).join("skillgate"))
}

/// The user's cache folder, as the XDG base directory specification has it: `$XDG_CACHE_HOME` when
/// absolute, else `~/.cache`.
pub(crate) fn cache() -> Result<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    if let Some(folder) = named.filter(|folder| folder.is_absolute()) {
        return Ok(folder);
    }
    let home = std::env::var_os("HOME")
        .ok_or("neither XDG_CACHE_HOME nor HOME is set: set one of them")?;
    Ok(PathBuf::from(home).join(".cache"))
}

/// The last part of a path; empty where it is not text.
pub(crate) fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

/// Lets one xtask at a time write into `target/`, for as long as the file is held.
pub(crate) fn lock_products() -> Result<File> {
    fs::create_dir_all(product(""))?;
    let file = File::create(product("xtask.lock"))?;
    file.lock()?;
    Ok(file)
}

/// The folders directly under `parent` that hold a file called `name`, sorted.
pub(crate) fn folders_with(parent: &Path, name: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent)? {
        let folder = entry?.path();
        if folder.join(name).is_file() {
            found.push(folder);
        }
    }
    found.sort();
    Ok(found)
}
