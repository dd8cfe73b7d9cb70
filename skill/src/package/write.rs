//! Packs deterministically.

use std::collections::BTreeMap;
use std::io::{Cursor, Seek, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::canonical::Comparison;
use super::{Package, SIGNATURE, check_all};
use crate::PackageError;

/// The archive of `package`: entries sorted by path, stored, dated 1980-01-01, mode 0644.
///
/// Stored and not deflated: one package is one sequence of bytes, whichever version of a compressor
/// wrote or checks it.
pub(super) fn pack(package: &Package) -> Result<Vec<u8>, PackageError> {
    let archive = pack_into(package, Cursor::new(Vec::new()))?;
    archive
        .map(Cursor::into_inner)
        .map_err(|error| PackageError::Archive(error.to_string()))
}

/// Whether `bytes` is what [`pack`] gives for `package`, compared as it would be written: no second archive is made.
pub(super) fn is_packed_as(package: &Package, bytes: &[u8]) -> Result<bool, PackageError> {
    // The comparison ends early, as an error of writing, where too much differs.
    Ok(pack_into(package, Comparison::with(bytes))?.is_ok_and(|written| written.is_equal()))
}

/// The outer error is the package's fault, the inner one that of the place to write to.
fn pack_into<W: Write + Seek>(
    package: &Package,
    place: W,
) -> Result<Result<W, ZipError>, PackageError> {
    let envelope = package.envelope.as_ref().map(|envelope| envelope.to_json());
    let mut files: BTreeMap<&str, &[u8]> = package.contents();
    if let Some(envelope) = &envelope {
        files.insert(SIGNATURE, envelope);
    }
    check_all(&files)?;
    Ok(write_entries(&files, place))
}

fn write_entries<W: Write + Seek>(files: &BTreeMap<&str, &[u8]>, place: W) -> Result<W, ZipError> {
    // Every option that would otherwise depend on the clock or the system is set.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(place);
    for (path, content) in files {
        writer.start_file(*path, options)?;
        writer.write_all(content)?;
    }
    writer.finish()
}
