//! The count of one folder. It may be too high, never too low.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::refusal::{NoRoom, Refusal};
use super::sums::Sums;
use super::usage::Usage;

/// What one folder holds, counted. Whoever has it may change the folder, and nobody else at the same time: so what
/// an operation finds before it acts is still so when it acts.
///
/// A file that lost its name keeps its bytes until the last descriptor of it is closed. They stay charged as long:
/// the ledger has a weak pointer to each open file, and looks whether anybody still holds one.
#[derive(Debug)]
pub(crate) struct Ledger {
    used: Usage,
    most_entries: u64,
    open: HashMap<Inode, Open>,
    agent: String,
    sums: Arc<Sums>,
    deleted: Arc<AtomicBool>,
}

/// A file's identity: the numbers of its device and of its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Inode(pub(crate) u64, pub(crate) u64);

/// A file that is open, or was a moment ago.
#[derive(Debug, Default)]
struct Open {
    descriptors: Vec<Weak<File>>,
    /// The bytes of its content that are charged, once it has no name any more.
    unnamed: Option<u64>,
}

impl Ledger {
    pub(super) fn new(
        used: Usage,
        agent: String,
        sums: Arc<Sums>,
        deleted: Arc<AtomicBool>,
    ) -> Self {
        Self {
            used,
            most_entries: sums.host.limits.folder_entries,
            open: HashMap::new(),
            agent,
            sums,
            deleted,
        }
    }

    /// Counts more, if it fits into the quota and under all caps.
    pub(crate) fn charge(&mut self, more: Usage, quota: u64) -> Result<(), Refusal> {
        if self.deleted.load(Ordering::SeqCst) {
            return Err(NoRoom::Deleted.into());
        }
        if more == Usage::default() {
            return Ok(());
        }
        self.release_closed();
        let would_be = self.used.plus(more);
        if would_be.bytes > quota {
            return Err(NoRoom::Quota { quota }.into());
        }
        if would_be.entries > self.most_entries {
            let most = self.most_entries;
            return Err(NoRoom::FolderEntries { most }.into());
        }
        self.sums.charge(&self.agent, more)?;
        self.used = would_be;
        Ok(())
    }

    /// Counts less.
    pub(crate) fn refund(&mut self, less: Usage) {
        let less = less.at_most(self.used);
        self.used = self.used.minus(less);
        self.sums.refund(&self.agent, less);
    }

    /// Keeps an eye on a file that was opened.
    pub(crate) fn opened(&mut self, file: &Arc<File>) -> io::Result<()> {
        self.release_closed();
        let open = self.open.entry(Inode::of(file)?).or_default();
        open.descriptors.push(Arc::downgrade(file));
        Ok(())
    }

    /// Counts a file less that lost its name: now, or when its last descriptor is closed.
    pub(crate) fn unnamed(&mut self, inode: Inode, content: u64) {
        self.release_closed();
        match self.open.get_mut(&inode) {
            Some(open) => open.unnamed = Some(content),
            None => self.refund(Usage::entry(content)),
        }
    }

    /// Takes note of a file's length, for when it has no name.
    pub(crate) fn resized(&mut self, inode: Inode, content: u64) {
        if let Some(open) = self.open.get_mut(&inode)
            && open.unnamed.is_some()
        {
            open.unnamed = Some(content);
        }
    }

    /// Counts less what lost its name and is not open any more.
    pub(crate) fn release_closed(&mut self) {
        let mut gone = Usage::default();
        self.open.retain(|_, open| {
            open.descriptors.retain(|one| one.strong_count() > 0);
            let is_open = !open.descriptors.is_empty();
            if let (false, Some(content)) = (is_open, open.unnamed) {
                gone = gone.plus(Usage::entry(content));
            }
            is_open
        });
        self.refund(gone);
    }

    #[cfg(test)]
    pub(crate) fn used(&self) -> Usage {
        self.used
    }
}

/// What is left of a folder that nobody uses is what has a name: whatever was open is closed.
impl Drop for Ledger {
    fn drop(&mut self) {
        let unnamed = self.open.values().filter_map(|open| open.unnamed);
        let gone = unnamed
            .map(Usage::entry)
            .fold(Usage::default(), Usage::plus);
        self.refund(gone);
    }
}

impl Inode {
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        let about = file.metadata()?;
        Ok(Self(about.dev(), about.ino()))
    }
}
