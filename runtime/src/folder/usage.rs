//! What is used, of a folder, an agent, an account or the host.

/// What an entry costs beside its content, in bytes: names and inodes are not free, so a million
/// empty files do not fit into a small quota.
pub(crate) const ENTRY_COST: u64 = 1024;

/// Bytes, with [`ENTRY_COST`] for each entry, and the number of entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

impl Usage {
    /// Stands for more than any cap, and leaves room to add many of it up.
    pub(crate) const BEYOND_COUNTING: Self = Self {
        bytes: 1 << 48,
        entries: 1 << 48,
    };

    /// One entry with this many bytes of content.
    pub(crate) fn entry(content: u64) -> Self {
        Self {
            bytes: ENTRY_COST.saturating_add(content),
            entries: 1,
        }
    }

    /// Content alone.
    pub(crate) fn content(bytes: u64) -> Self {
        Self { bytes, entries: 0 }
    }

    pub(crate) fn plus(self, more: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(more.bytes),
            entries: self.entries.saturating_add(more.entries),
        }
    }

    pub(crate) fn minus(self, less: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(less.bytes),
            entries: self.entries.saturating_sub(less.entries),
        }
    }

    /// The smaller of each.
    pub(crate) fn at_most(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.min(other.bytes),
            entries: self.entries.min(other.entries),
        }
    }
}
