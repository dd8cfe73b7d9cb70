//! Packs deterministically.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::{Package, SIGNATURE, check_all};
use crate::PackageError;

/// The archive of `package`: entries sorted by path, stored, dated 1980-01-01, mode 0644.
///
/// Stored and not deflated: one package is one sequence of bytes, whichever version of a compressor
/// wrote or checks it.
pub(super) fn pack(package: &Package) -> Result<Vec<u8>, PackageError> {
    let mut files = package.files.clone();
    if let Some(envelope) = &package.envelope {
        files.insert(SIGNATURE.to_owned(), envelope.to_json());
    }
    check_all(&files)?;
    // Every option that would otherwise depend on the clock or the system is set.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644);
    let archive_error = |error: String| PackageError::Archive(error);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in &files {
        writer
            .start_file(path, options)
            .map_err(|error| archive_error(error.to_string()))?;
        writer
            .write_all(content)
            .map_err(|error| archive_error(error.to_string()))?;
    }
    let archive = writer
        .finish()
        .map_err(|error| archive_error(error.to_string()))?;
    Ok(archive.into_inner())
}
