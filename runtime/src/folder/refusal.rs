//! Why the disk was not written, and what the guest and its user are told.

use std::io;

use crate::limits::{Stop, bytes};

/// Why an operation on a folder did not happen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// It would have passed a limit.
    #[error(transparent)]
    Room(#[from] NoRoom),
    /// The file system refused it.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// The limit that an operation would have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoom {
    #[error("the quota of {quota} bytes is used up")]
    Quota { quota: u64 },
    #[error("the folder holds {most} files and folders, the most it may")]
    FolderEntries { most: u64 },
    #[error("the agent's skills hold {most} bytes, the most they may")]
    Agent { most: u64 },
    #[error("the account's skills hold {most} bytes, the most they may")]
    Account { most: u64 },
    #[error("the account's skills hold {most} files and folders, the most they may")]
    AccountEntries { most: u64 },
    #[error("the skills of this host hold {most} bytes, the most they may")]
    Host { most: u64 },
    #[error("less than {floor} bytes of the disk are free")]
    DiskFloor { floor: u64 },
    #[error("names may be nested {most} deep")]
    Depth { most: u32 },
    #[error("{most} files are open, the most there may be at once")]
    OpenFiles { most: usize },
    #[error("the agent was deleted")]
    Deleted,
}

impl NoRoom {
    /// The limit for the call's outcome. `kind` is `files` or `kv`, `place` the folder as the guest knows it,
    /// empty for a store.
    pub(crate) fn stop(self, kind: &'static str, place: &str) -> Stop {
        let within = |what: String| match place {
            "" => what,
            place => format!("{what} in {place}"),
        };
        match self {
            Self::Quota { quota } => {
                let name = if kind == "kv" {
                    "kv-quota"
                } else {
                    "files-quota"
                };
                Stop::limit(name, within(bytes(quota)))
            }
            Self::FolderEntries { most } => Stop::limit(
                "folder-entries",
                within(format!("{most} files and folders")),
            ),
            Self::Agent { most } => Stop::limit(
                "agent-storage",
                format!(
                    "{} for all skills of the agent; delete what is not needed",
                    bytes(most)
                ),
            ),
            Self::Account { most } => Stop::limit(
                "account-storage",
                format!(
                    "{} for all agents of the account; delete what is not needed",
                    bytes(most)
                ),
            ),
            Self::AccountEntries { most } => Stop::limit(
                "account-entries",
                format!(
                    "{most} files and folders for all agents of the account; delete what is not needed"
                ),
            ),
            Self::Host { most } => Stop::limit(
                "host-storage",
                format!(
                    "{} for all skills of the host; its operator can raise it or make room",
                    bytes(most)
                ),
            ),
            Self::DiskFloor { floor } => Stop::limit(
                "disk-floor",
                format!(
                    "skills may not write while less than {} of the host's disk are free; its operator must make room",
                    bytes(floor)
                ),
            ),
            Self::Depth { most } => Stop::limit("folder-depth", within(format!("{most} levels"))),
            Self::OpenFiles { most } => Stop::limit("open-files", format!("{most} at once")),
            Self::Deleted => Stop::limit("agent-deleted", "the agent was deleted"),
        }
    }
}
