//! Packages in files.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use skillgate_skill::Package;

use crate::exit::{Exit, Failure, OrExit, Outcome};

/// No valid package is larger: 64 MiB unpacked, stored without compression, and a directory of 256 entries.
const MAX_FILE: u64 = 66 << 20;

/// Reads a package by the rules for what is published.
///
/// # Errors
/// There is no such file (exit code 4), or it is no valid package.
pub(crate) fn read(path: &Path) -> Outcome<Package> {
    Package::read(&bytes(path)?)
        .with_context(|| path.display().to_string())
        .map_err(Into::into)
}

/// Reads a package by the rules for what others made.
///
/// # Errors
/// There is no such file (exit code 4), or it is no package.
pub(crate) fn read_lenient(path: &Path) -> Outcome<Package> {
    Package::read_lenient(&bytes(path)?)
        .with_context(|| path.display().to_string())
        .map_err(Into::into)
}

/// The bytes of a package's file.
///
/// # Errors
/// There is no such file (exit code 4), or it is larger than any package.
pub(crate) fn bytes(path: &Path) -> Outcome<Vec<u8>> {
    let file = std::fs::File::open(path)
        .with_context(|| format!("cannot open {}", path.display()))
        .or_exit(Exit::NotFound)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {}", path.display()))?;
    match bytes.len() as u64 <= MAX_FILE {
        true => Ok(bytes),
        false => Err(Failure::new(
            Exit::Failure,
            format_args!(
                "{} is larger than any package: more than {MAX_FILE} bytes",
                path.display()
            ),
        )),
    }
}

/// Replaces or makes a file as a whole: nobody sees half of it, and a failure leaves what was there.
///
/// # Errors
/// The folder cannot be written to.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        std::io::Write::write_all(&mut file, bytes)?;
        share(file.as_file())?;
        file.persist(path)?;
        anyhow::Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Temporary files are private; a package is for others too.
#[cfg(unix)]
fn share(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn share(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
