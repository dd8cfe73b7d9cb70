//! A key-value store on the disk: a file for each key, written whole or not at all.
//!
//! A file is named by its key's digest, so that no key can name a path, and begins with the key
//! (its length in 2 bytes, little-endian) so that keys can be listed.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::Bucket;
use crate::folder::{Ledger, Refusal, Usage};

/// The most keys in one answer of `list-keys`, and the most files that one reads. It also lists all names
/// of the store, at most [`folder_entries`](crate::StorageLimits::folder_entries).
const PAGE: usize = 1000;

/// The file that a value is written to before it is in its place. One is enough: a writer has the folder for itself,
/// and so what a crash left of it goes with the next write.
const UNFINISHED: &str = "unfinished";

/// Some of a store's keys.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub(super) next: Option<u64>,
}

impl Bucket {
    pub(super) fn get(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = self.open(key)? else {
            return Ok(None);
        };
        let mut value = Vec::new();
        file.read_to_end(&mut value)?;
        Ok(Some(value))
    }

    pub(super) fn exists(&self, key: &str) -> io::Result<bool> {
        Ok(self.open(key)?.is_some())
    }

    /// Replaces a value. The content is on the disk before it has its name: after a power cut a key has its old value
    /// or its new one, as the answer said or as it was a moment before.
    pub(super) fn set(&self, ledger: &mut Ledger, key: &str, value: &[u8]) -> Result<(), Refusal> {
        let path = self.path(key);
        let old = cost(&path)?;
        let head = head(key);
        let new = Usage::entry((head.len() + value.len()) as u64);
        let unfinished = self.folder.path().join(UNFINISHED);
        let left = cost(&unfinished)?;
        remove(&unfinished)?;
        ledger.refund(left);
        let more = new.minus(old);
        ledger.charge(more, self.quota)?;
        let written = write(&unfinished, &head, value).and_then(|()| fs::rename(&unfinished, path));
        if let Err(error) = written {
            // What is left of it is counted as what it would have become.
            remove(&unfinished)?;
            ledger.refund(more);
            return Err(error.into());
        }
        ledger.refund(old.minus(new));
        Ok(())
    }

    pub(super) fn delete(&self, ledger: &mut Ledger, key: &str) -> Result<(), Refusal> {
        delete(ledger, &self.path(key))
    }

    /// Keys in the order of their files' names, each page sorted. A page begins with the name whose first eight bytes are
    /// `from`, so that keys that come and go between two pages move no others.
    pub(super) fn list(&self, ledger: &mut Ledger, from: u64) -> Result<Page, Refusal> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.folder.path())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if place(&name).is_some_and(|place| place >= from) {
                names.push(name);
            }
        }
        names.sort_unstable();
        let next = names.get(PAGE).and_then(|name| place(name));
        names.truncate(PAGE);
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            let path = self.folder.path().join(&name);
            match read_key(&mut File::open(&path)?) {
                Ok(key) if file_name(&key) == name => keys.push(key),
                // Cut short by a power cut, when the host did not yet wait for the disk: there is no key in it.
                Ok(_) => delete(ledger, &path)?,
                Err(error) if is_broken(&error) => delete(ledger, &path)?,
                Err(error) => return Err(error.into()),
            }
        }
        keys.sort_unstable();
        Ok(Page { keys, next })
    }

    /// A key's file, behind its head; `None` also when it has no whole one.
    fn open(&self, key: &str) -> io::Result<Option<File>> {
        let mut file = match File::open(self.path(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match read_key(&mut file) {
            Ok(found) => Ok((found == key).then_some(file)),
            Err(error) if is_broken(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join(file_name(key))
    }
}

fn file_name(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key))
}

/// The first eight bytes of a file's name, as a number; `None` for what is no key's file.
fn place(name: &str) -> Option<u64> {
    let digits = name.get(..16).filter(|_| name.len() == 64)?;
    u64::from_str_radix(digits, 16).ok()
}

/// What a file counts for now.
fn cost(path: &Path) -> io::Result<Usage> {
    match fs::metadata(path) {
        Ok(about) => Ok(Usage::entry(about.len())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Usage::default()),
        Err(error) => Err(error),
    }
}

fn delete(ledger: &mut Ledger, path: &Path) -> Result<(), Refusal> {
    let old = cost(path)?;
    remove(path)?;
    ledger.refund(old);
    Ok(())
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, head: &[u8], value: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(head)?;
    file.write_all(value)?;
    file.sync_data()
}

fn head(key: &str) -> Vec<u8> {
    // A key is shorter than 64 KiB: `MAX_KEY`.
    let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
    [&length.to_le_bytes(), key.as_bytes()].concat()
}

fn read_key(file: &mut File) -> io::Result<String> {
    let mut length = [0; 2];
    file.read_exact(&mut length)?;
    let mut key = vec![0; usize::from(u16::from_le_bytes(length))];
    file.read_exact(&mut key)?;
    String::from_utf8(key).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// Whether a file's head is not whole.
fn is_broken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData
    )
}

#[cfg(test)]
mod tests;
