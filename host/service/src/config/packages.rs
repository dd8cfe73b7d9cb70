//! Packages that come in, and skills that are made of them.

use std::path::PathBuf;
use std::time::Duration;

use skillgate_runtime::PlaceLimits;

/// Bounds of the work on packages. A package is received first, at its sender's pace, and worked on afterwards.
#[derive(Debug, Clone)]
pub struct PackageLimits {
    /// Bodies that are received, or wait to be worked on, at once: each may have a file open. They cost little memory;
    /// the time limit of receiving is [`receive`](Self::receive).
    pub receiving: PlaceLimits,
    /// How long a sender may take for one package.
    pub receive: Duration,
    /// Bytes of a package that are received into memory; what is larger goes into a file without a name.
    pub spool_memory: usize,
    /// Bytes received and not yet worked on, of one account: a few of the largest packages.
    pub spool_per_account: u64,
    /// The same of all accounts: it is space on the disk.
    pub spool_in_all: u64,
    /// Where those files are made; the system's folder for temporary files when absent.
    pub spool_dir: Option<PathBuf>,
    /// Packages that are opened, verified and stored at once.
    pub work: PlaceLimits,
    /// Bytes of memory for that work. A package is opened when what it needs is free; the largest is worked on alone.
    pub memory: u64,
}

impl Default for PackageLimits {
    fn default() -> Self {
        let queue = Duration::from_secs(30);
        Self {
            receiving: PlaceLimits {
                per_account: 32,
                in_all: 256,
                queue: Duration::from_secs(5),
            },
            receive: Duration::from_secs(60),
            spool_memory: 256 << 10,
            spool_per_account: 256 << 20,
            spool_in_all: 2 << 30,
            spool_dir: None,
            work: PlaceLimits {
                per_account: 2,
                in_all: 4,
                queue,
            },
            memory: 256 << 20,
        }
    }
}

/// Bounds of the skills that are kept ready. What is evicted is loaded again, from the cache of compiled code, when it
/// is called next.
#[derive(Debug, Clone, Copy)]
pub struct LoadedSkillLimits {
    /// Bytes of machine code and what belongs to it, of all skills.
    pub in_all: u64,
    /// The same of the skills that one account published.
    pub per_account: u64,
    /// How long a skill that nobody calls is kept.
    pub idle: Duration,
}

impl Default for LoadedSkillLimits {
    fn default() -> Self {
        Self {
            in_all: 1 << 30,
            per_account: 512 << 20,
            idle: Duration::from_secs(3_600),
        }
    }
}
