//! Writing an archive.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::{END, EntryDigest};

/// An archive that is being written beside its final place, where it appears whole or not at all.
pub(crate) struct ArchiveWriter {
    path: PathBuf,
    folder: PathBuf,
    tar: tar::Builder<GzEncoder<BufWriter<NamedTempFile>>>,
    digest: EntryDigest,
}

impl ArchiveWriter {
    /// Begins an archive, which only its owner can read.
    ///
    /// # Errors
    /// There is a file at `path` already, or none can be made there.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        if path.exists() {
            bail!(
                "{} exists already and is not overwritten: name another file",
                path.display()
            );
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        let file = NamedTempFile::new_in(&folder)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        let gzip = GzEncoder::new(BufWriter::new(file), Compression::fast());
        Ok(Self {
            path: path.to_owned(),
            folder,
            tar: tar::Builder::new(gzip),
            digest: EntryDigest::default(),
        })
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.digest.begin(name, content.len() as u64);
        self.digest.content(content);
        append(&mut self.tar, name, content.len() as u64, content)
    }

    /// Adds an entry of JSON.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(crate) fn add_json(&mut self, name: &str, value: &impl Serialize) -> io::Result<()> {
        self.add(name, &serde_json::to_vec_pretty(value)?)
    }

    /// Adds a file that others may be writing to: as it is while it is read.
    ///
    /// # Errors
    /// As [`Self::add`], or the file cannot be read.
    pub(crate) fn add_file(&mut self, name: &str, mut file: File) -> io::Result<u64> {
        // An entry's size precedes it, and the file's own may change meanwhile.
        let mut copy = tempfile::tempfile_in(&self.folder)?;
        let size = io::copy(&mut file, &mut copy)?;
        io::Seek::rewind(&mut copy)?;
        self.digest.begin(name, size);
        let digest = &mut self.digest;
        let content = Watched(copy, |bytes: &[u8]| digest.content(bytes));
        append(&mut self.tar, name, size, content)?;
        Ok(size)
    }

    /// Completes the archive and puts it into its place; tells its size in bytes.
    ///
    /// # Errors
    /// The disk is full, or fails; or a file has appeared in its place.
    pub(crate) fn finish(mut self) -> anyhow::Result<u64> {
        let end = serde_json::to_vec_pretty(&std::mem::take(&mut self.digest).end())?;
        append(&mut self.tar, END, end.len() as u64, end.as_slice())?;
        let file = self.tar.into_inner()?.finish()?.into_inner()?;
        file.as_file().sync_all()?;
        let file = file.persist_noclobber(&self.path)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    content: impl Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    tar.append_data(&mut header, name, content)
}

/// Shows what is read to somebody else too.
struct Watched<R, F>(R, F);

impl<R: Read, F: FnMut(&[u8])> Read for Watched<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        if let Some(bytes) = buffer.get(..read) {
            (self.1)(bytes);
        }
        Ok(read)
    }
}
