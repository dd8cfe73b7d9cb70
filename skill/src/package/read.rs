//! Unpacks an archive that nobody has vouched for yet.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek};

use zip::read::{ArchiveOffset, Config, ZipFile};
use zip::unstable::read::ZipIterable;
use zip::{CompressionMethod, ZipArchive};

use super::{COMPONENT, Contents, MANIFEST, MAX_ARCHIVE, MAX_FILES, MAX_UNPACKED, check_path};
use crate::PackageError;

/// Nothing comes before the archive.
const CONFIG: Config = Config {
    archive_offset: ArchiveOffset::Known(0),
};
const REMEDY: &str = "Pack the skill anew with `skillgate build`.";

/// The files of an archive by path, folders left out. Nothing is believed that the archive says of
/// itself: the number of entries is bounded before they are listed, sizes are counted while inflating.
pub(super) fn unpack(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, PackageError> {
    let mut archive = open(bytes)?;
    let mut files = BTreeMap::new();
    let mut left = MAX_UNPACKED;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(archive_error)?;
        let path = checked_path(&entry)?;
        check_kind(&entry, &path)?;
        if entry.is_dir() {
            continue;
        }
        let claimed = entry.size();
        let content = inflate(&mut entry, &path, left, claimed)?;
        left -= content.len() as u64;
        files.insert(path, content);
    }
    Ok(files)
}

/// What the entries say of themselves. [`unpack`] holds them to it.
pub(super) fn contents_of(archive: impl Read + Seek) -> Result<Contents, PackageError> {
    let mut table = table_of_contents(archive)?;
    let (mut unpacked, mut has_component) = (0_u64, false);
    for entry in table.files().map_err(archive_error)? {
        let entry = entry.map_err(archive_error)?;
        unpacked = unpacked.saturating_add(entry.size());
        has_component |= entry.name_raw() == COMPONENT.as_bytes();
    }
    Ok(Contents {
        unpacked: unpacked.min(MAX_UNPACKED),
        has_component,
    })
}

/// The central directory, whose entries are counted before they are listed.
fn table_of_contents<R: Read + Seek>(archive: R) -> Result<ZipIterable<R>, PackageError> {
    let table = ZipIterable::try_new(archive, CONFIG).map_err(archive_error)?;
    match table.len() {
        count if count > MAX_FILES => Err(PackageError::TooManyFiles {
            count,
            limit: MAX_FILES,
        }),
        _ => Ok(table),
    }
}

/// Checks the archive as a whole: size, number of entries, nothing before it, no name twice, and
/// local headers that say what the central directory says, so that every reader sees the same.
fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, PackageError> {
    let size = bytes.len() as u64;
    if size > MAX_ARCHIVE {
        return Err(PackageError::TooLarge {
            size,
            limit: MAX_ARCHIVE,
        });
    }
    table_of_contents(Cursor::new(bytes))?;
    let mut archive = ZipArchive::with_config(CONFIG, Cursor::new(bytes)).map_err(archive_error)?;
    if archive.has_duplicate_names() {
        return Err(PackageError::Archive(
            "two entries have the same name".to_owned(),
        ));
    }
    archive
        .validate_header_consistency()
        .map_err(archive_error)?;
    Ok(archive)
}

fn checked_path(entry: &ZipFile<'_, Cursor<&[u8]>>) -> Result<String, PackageError> {
    let shown = String::from_utf8_lossy(entry.name_raw());
    let name = std::str::from_utf8(entry.name_raw())
        .map_err(|_| PackageError::entry(&shown, "its name is not UTF-8", REMEDY))?;
    let path = if entry.is_dir() {
        name.strip_suffix('/').unwrap_or(name)
    } else {
        name
    };
    check_path(path).map_err(|error| PackageError::entry(name, error.to_string(), REMEDY))?;
    Ok(path.to_owned())
}

/// Files and folders only, stored or deflated, not encrypted.
fn check_kind(entry: &ZipFile<'_, Cursor<&[u8]>>, path: &str) -> Result<(), PackageError> {
    const KIND: u32 = 0o170_000;
    const FILE: u32 = 0o100_000;
    const FOLDER: u32 = 0o040_000;
    let wrong = |problem| Err(PackageError::entry(path, problem, REMEDY));
    if entry.is_symlink() {
        return wrong("it is a symbolic link");
    }
    if entry
        .unix_mode()
        .is_some_and(|mode| !matches!(mode & KIND, 0 | FILE | FOLDER))
    {
        return wrong("it is neither a file nor a folder");
    }
    if entry.encrypted() {
        return wrong("it is encrypted");
    }
    match entry.compression() {
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(()),
        _ => wrong("it is compressed by another method than deflate"),
    }
}

/// Reads at most one byte more than may be left and than the entry claims: memory was set aside for what it claims.
fn inflate(
    entry: &mut impl Read,
    path: &str,
    left: u64,
    claimed: u64,
) -> Result<Vec<u8>, PackageError> {
    let most = left.min(claimed);
    // Room for exactly the content: a list that grows by doubling would take up to twice as much.
    let mut content = Vec::with_capacity(usize::try_from(most + 1).unwrap_or_default());
    entry
        .take(most + 1)
        .read_to_end(&mut content)
        .map_err(|error| {
            PackageError::entry(
                path,
                format!("its content cannot be read ({error})"),
                REMEDY,
            )
        })?;
    content.shrink_to_fit();
    match content.len() as u64 {
        size if size > left => Err(PackageError::TooMuchUnpacked {
            entry: path.to_owned(),
            limit: MAX_UNPACKED,
        }),
        size if size > claimed => Err(PackageError::entry(
            path,
            format!("it unpacks to more than the {claimed} bytes that the archive names"),
            REMEDY,
        )),
        _ => Ok(content),
    }
}

/// Takes away the one folder around everything, where `SKILL.md` stands in it, and what macOS
/// puts beside that folder.
pub(super) fn without_root_folder(
    mut files: BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    files.retain(|path, _| !path.starts_with("__MACOSX/"));
    match root_folder(&files) {
        Some(root) => files
            .into_iter()
            .filter_map(|(path, content)| Some((path.strip_prefix(&root)?.to_owned(), content)))
            .collect(),
        None => files,
    }
}

/// The folder, with its `/`, in which every file lies and `SKILL.md` on top.
fn root_folder(files: &BTreeMap<String, Vec<u8>>) -> Option<String> {
    let (root, _) = files.keys().next()?.split_once('/')?;
    let root = format!("{root}/");
    let around_all = files.keys().all(|path| path.starts_with(&root));
    (around_all && files.contains_key(&format!("{root}{MANIFEST}"))).then_some(root)
}

fn archive_error(error: zip::result::ZipError) -> PackageError {
    PackageError::Archive(error.to_string())
}
