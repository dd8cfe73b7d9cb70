//! Bodies that are received before anything is done with them: in memory as long as they are small, then in a file
//! without a name. A slow sender keeps space on the disk for a while, and nobody waiting.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use skillgate_runtime::{Place, Places};
use skillgate_skill::{Package, PackageError};
use tokio::task::spawn_blocking;

use crate::ServiceError;
use crate::config::PackageLimits;

/// All bodies that are being received, or wait for the work on them.
#[derive(Clone)]
pub(super) struct Spools(Arc<Inner>);

struct Inner {
    places: Places,
    memory: usize,
    per_account: u64,
    in_all: u64,
    dir: PathBuf,
    used: Mutex<Used>,
}

#[derive(Default)]
struct Used {
    in_all: u64,
    accounts: HashMap<String, u64>,
}

impl Spools {
    /// Nothing received yet.
    pub(super) fn new(limits: &PackageLimits) -> Self {
        let dir = limits.spool_dir.clone();
        Self(Arc::new(Inner {
            places: Places::new(limits.receiving),
            memory: limits.spool_memory,
            per_account: limits.spool_per_account,
            in_all: limits.spool_in_all,
            dir: dir.unwrap_or_else(std::env::temp_dir),
            used: Mutex::default(),
        }))
    }

    /// A body of `account`, empty yet. It keeps its place until it was worked on: it may have a file open so long.
    ///
    /// # Errors
    /// `Unavailable` when there are too many bodies here.
    pub(super) async fn begin(&self, account: &str) -> Result<Spool, ServiceError> {
        let place = self.0.places.take(account).await.map_err(|_| {
            ServiceError::unavailable(
                "Too many packages are being received. Try again in a minute.",
            )
        })?;
        let share = Share {
            spools: self.0.clone(),
            account: account.to_owned(),
            bytes: 0,
            _place: place,
        };
        Ok(Spool {
            share,
            buffer: Vec::new(),
            file: None,
        })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body has of what all may have, a place and bytes; given back when dropped.
struct Share {
    spools: Arc<Inner>,
    account: String,
    bytes: u64,
    _place: Place,
}

impl Share {
    /// Makes room for more bytes; `Unavailable` when the account, or all together, have too many here.
    fn grow(&mut self, more: u64) -> Result<(), ServiceError> {
        let mut used = self.spools.lock();
        let of_account = used
            .accounts
            .get(&self.account)
            .copied()
            .unwrap_or_default();
        if of_account + more > self.spools.per_account || used.in_all + more > self.spools.in_all {
            return Err(ServiceError::unavailable(
                "Too many uploads wait to be worked on. Try again in a minute.",
            ));
        }
        used.in_all += more;
        used.accounts
            .insert(self.account.clone(), of_account + more);
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut used = self.spools.lock();
        used.in_all -= self.bytes;
        if let Some(of_account) = used.accounts.get_mut(&self.account) {
            *of_account -= self.bytes;
            if *of_account == 0 {
                used.accounts.remove(&self.account);
            }
        }
    }
}

/// A body on its way in.
pub struct Spool {
    share: Share,
    /// What is not in the file yet.
    buffer: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// How many bytes there are by now.
    pub fn size(&self) -> usize {
        usize::try_from(self.share.bytes).unwrap_or(usize::MAX)
    }

    /// Takes some more of the body.
    ///
    /// # Errors
    /// `Unavailable` when there are too many bodies here.
    pub async fn push(&mut self, chunk: &[u8]) -> Result<(), ServiceError> {
        self.share.grow(chunk.len() as u64)?;
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() > self.share.spools.memory {
            self.spill().await?;
        }
        Ok(())
    }

    /// The whole body.
    pub async fn finish(mut self) -> Result<Received, ServiceError> {
        if self.file.is_some() {
            self.spill().await?;
        }
        Ok(Received {
            content: match self.file {
                Some(file) => Content::File(Arc::new(file)),
                None => Content::Memory(self.buffer.into()),
            },
            size: self.share.bytes,
            _share: Some(self.share),
        })
    }

    /// Moves what is in memory to the file.
    async fn spill(&mut self) -> Result<(), ServiceError> {
        let (buffer, file) = (std::mem::take(&mut self.buffer), self.file.take());
        let dir = self.share.spools.dir.clone();
        let write = move || {
            let mut file = match file {
                Some(file) => file,
                None => tempfile::tempfile_in(dir)?,
            };
            file.write_all(&buffer)?;
            Ok::<_, std::io::Error>((buffer, file))
        };
        let (mut buffer, file) = spawn_blocking(write)
            .await
            .map_err(ServiceError::internal)?
            .map_err(ServiceError::internal)?;
        buffer.clear();
        (self.buffer, self.file) = (buffer, Some(file));
        Ok(())
    }
}

/// A body that was received.
pub struct Received {
    content: Content,
    size: u64,
    _share: Option<Share>,
}

enum Content {
    Memory(Bytes),
    File(Arc<File>),
}

impl Received {
    /// What is in memory already, whoever put it there.
    pub(crate) fn in_memory(bytes: Vec<u8>) -> Self {
        Self {
            size: bytes.len() as u64,
            content: Content::Memory(bytes.into()),
            _share: None,
        }
    }

    /// How many bytes there are.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What its table of contents says, where it is a package.
    pub(crate) async fn contents(&self) -> Result<skillgate_skill::Contents, ServiceError> {
        let contents: Result<_, PackageError> = match &self.content {
            Content::Memory(bytes) => Package::contents_of(Cursor::new(bytes)),
            Content::File(file) => {
                let file = file.clone();
                let read = move || Package::contents_of(BufReader::new(&*file));
                spawn_blocking(read).await.map_err(ServiceError::internal)?
            }
        };
        Ok(contents?)
    }

    /// All bytes, in memory; what is there already is not copied. They may be read again until this is dropped.
    pub(crate) async fn read(&self) -> Result<Bytes, ServiceError> {
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.clone()),
            Content::File(file) => {
                let (file, size) = (file.clone(), self.size);
                spawn_blocking(move || read_all(&file, size))
                    .await
                    .map_err(ServiceError::internal)?
                    .map(Bytes::from)
                    .map_err(ServiceError::internal)
            }
        }
    }
}

fn read_all(mut file: &File, size: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use skillgate_runtime::PlaceLimits;

    use super::*;

    fn spools(memory: usize, per_account: u64, in_all: u64) -> Spools {
        Spools::new(&PackageLimits {
            spool_memory: memory,
            spool_per_account: per_account,
            spool_in_all: in_all,
            ..PackageLimits::default()
        })
    }

    #[tokio::test]
    async fn what_comes_in_pieces_comes_out_whole() {
        for memory in [0, 5, 1_000] {
            let spools = spools(memory, 100, 100);
            let mut spool = spools.begin("a").await.unwrap();
            for piece in [&b"one "[..], b"two ", b"", b"three"] {
                spool.push(piece).await.unwrap();
            }
            let received = spool.finish().await.unwrap();
            assert_eq!(received.size(), 13);
            assert_eq!(&received.read().await.unwrap()[..], b"one two three");
        }
    }

    #[tokio::test]
    async fn bytes_are_bounded_of_an_account_and_in_all() {
        let spools = spools(4, 10, 15);
        let mut first = spools.begin("a").await.unwrap();
        first.push(&[0; 10]).await.unwrap();
        let mut second = spools.begin("a").await.unwrap();
        let refused = second.push(&[0]).await.unwrap_err();
        assert_eq!(refused.code(), "unavailable");
        drop(second);
        let mut other = spools.begin("b").await.unwrap();
        other.push(&[0; 5]).await.unwrap();
        assert!(other.push(&[0]).await.is_err());
        drop(first.finish().await.unwrap());
        other.push(&[0; 5]).await.unwrap();
        drop(other);
        let used = spools.0.lock();
        assert!(used.in_all == 0 && used.accounts.is_empty());
    }

    #[tokio::test]
    async fn a_body_keeps_its_place_until_it_was_worked_on() {
        let spools = Spools::new(&PackageLimits {
            receiving: PlaceLimits {
                per_account: 1,
                in_all: 2,
                queue: Duration::ZERO,
            },
            ..PackageLimits::default()
        });
        let received = spools.begin("a").await.unwrap().finish().await.unwrap();
        let refused = spools.begin("a").await.err().unwrap();
        assert_eq!(refused.code(), "unavailable");
        let _other = spools.begin("b").await.unwrap();
        drop(received);
        spools.begin("a").await.unwrap();
    }
}
