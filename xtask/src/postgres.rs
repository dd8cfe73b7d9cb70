//! PostgreSQL's programs, with which the tests start a database of their own.

use crate::{Result, process};
use std::fs;
use std::path::{Path, PathBuf};

/// Tells the tests where `initdb` and `postgres` are.
pub(crate) const VARIABLE: &str = "SKILLGATE_TEST_POSTGRES_BIN";

/// Debian keeps the programs of each major version in a folder of its own, off the search path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder of the programs; they are installed when they are missing.
///
/// # Errors
/// When they are missing and cannot be installed.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(folder) = find() {
        return Ok(folder);
    }
    process::apt_install(&["postgresql"])?;
    find().ok_or_else(|| format!("postgresql is installed, but {DEBIAN} holds no initdb").into())
}

fn find() -> Option<PathBuf> {
    let on_path = process::on_path("initdb").and_then(|file| fs::canonicalize(file).ok());
    let folder = on_path.and_then(|file| file.parent().map(Path::to_owned));
    folder
        .filter(|folder| folder.join("postgres").is_file())
        .or_else(|| newest(Path::new(DEBIAN)))
}

/// The folder `bin` of the highest version that has an `initdb`.
fn newest(versions: &Path) -> Option<PathBuf> {
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let folders = fs::read_dir(versions)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let complete = folders.filter(|folder| folder.join("bin/initdb").is_file());
    complete
        .max_by_key(version)
        .map(|folder| folder.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_complete_version_is_taken() {
        let versions = std::env::temp_dir().join(format!("xtask-postgres-{}", std::process::id()));
        for version in ["9", "15", "16"] {
            fs::create_dir_all(versions.join(version).join("bin")).unwrap();
        }
        assert_eq!(newest(&versions), None);
        for version in ["9", "15"] {
            fs::write(versions.join(version).join("bin/initdb"), "").unwrap();
        }
        assert_eq!(newest(&versions), Some(versions.join("15/bin")));
        fs::remove_dir_all(versions).unwrap();
    }
}
