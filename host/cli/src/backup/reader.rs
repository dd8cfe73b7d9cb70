//! Reading an archive.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use flate2::read::GzDecoder;

use super::{END, End, EntryDigest, FORMAT, HEADER, Header, MASTER_KEY};
use crate::seal::Sealed;

/// The most bytes of an entry that is read into memory: rows of one package, in base64.
const MAX_ENTRY: u64 = 256 << 20;
/// Bytes read at once.
const BUFFER: usize = 64 << 10;

/// An archive whose every byte was checked.
pub(crate) struct ArchiveReader {
    path: PathBuf,
    /// What it is a backup of.
    pub(crate) header: Header,
    /// The master key, sealed, where it is in the archive.
    pub(crate) master_key: Option<Sealed>,
}

/// An entry of an archive.
pub(crate) struct Entry<'a> {
    /// Its name.
    pub(crate) name: String,
    size: u64,
    /// What it holds.
    pub(crate) content: &'a mut dyn Read,
}

impl Entry<'_> {
    /// Reads all that it holds into memory.
    ///
    /// # Errors
    /// It is too large for that, or cannot be read.
    pub(crate) fn whole(&mut self) -> anyhow::Result<Vec<u8>> {
        ensure!(self.size <= MAX_ENTRY, "the entry is too large");
        let mut bytes = Vec::new();
        self.content.read_to_end(&mut bytes)?;
        ensure!(bytes.len() as u64 == self.size, "the entry is cut short");
        Ok(bytes)
    }
}

impl ArchiveReader {
    /// Opens an archive and reads it whole, once, to see that nothing of it is missing or was changed.
    ///
    /// # Errors
    /// It is no backup, is incomplete, was changed, or has a form that this program does not know.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let (mut header, mut master_key, mut end) = (None, None, None);
        let mut digest = EntryDigest::default();
        each_entry(path, |mut entry| {
            ensure!(end.is_none(), "something follows the archive's end");
            match entry.name.as_str() {
                END => end = Some(serde_json::from_slice::<End>(&entry.whole()?)?),
                HEADER => {
                    header = Some(serde_json::from_slice::<Header>(&kept(
                        &mut digest,
                        entry,
                    )?)?);
                }
                MASTER_KEY => {
                    master_key = Some(serde_json::from_slice(&kept(&mut digest, entry)?)?);
                }
                _ => pass(&mut digest, entry)?,
            }
            Ok(())
        })?;
        let header = header.filter(|_| end == Some(digest.end()));
        let Some(header) = header else {
            bail!("{} is incomplete or was changed", path.display());
        };
        ensure!(
            header.format == FORMAT,
            "{} has the form {}; this program knows {FORMAT}: use a newer one",
            path.display(),
            header.format
        );
        Ok(Self {
            path: path.to_owned(),
            header,
            master_key,
        })
    }

    /// Gives every entry, in the archive's order, to `each`.
    ///
    /// # Errors
    /// What `each` fails with, or the file cannot be read.
    pub(crate) fn each(
        &self,
        each: impl FnMut(Entry<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        each_entry(&self.path, each)
    }
}

fn each_entry(
    path: &Path,
    mut each: impl FnMut(Entry<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let cannot = || format!("{} cannot be read as a backup", path.display());
    let file = File::open(path).with_context(cannot)?;
    let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    for entry in archive.entries().with_context(cannot)? {
        let mut entry = entry.with_context(cannot)?;
        let name = String::from_utf8(entry.path_bytes().into_owned()).with_context(cannot)?;
        let entry = Entry {
            name,
            size: entry.size(),
            content: &mut entry,
        };
        each(entry).with_context(cannot)?;
    }
    Ok(())
}

/// Reads an entry into memory and digests it.
fn kept(digest: &mut EntryDigest, mut entry: Entry<'_>) -> anyhow::Result<Vec<u8>> {
    let bytes = entry.whole()?;
    digest.begin(&entry.name, entry.size);
    digest.content(&bytes);
    Ok(bytes)
}

/// Digests an entry without keeping it.
fn pass(digest: &mut EntryDigest, entry: Entry<'_>) -> anyhow::Result<()> {
    digest.begin(&entry.name, entry.size);
    let mut buffer = vec![0; BUFFER];
    loop {
        match entry.content.read(&mut buffer)? {
            0 => return Ok(()),
            read => digest.content(buffer.get(..read).unwrap_or_default()),
        }
    }
}
