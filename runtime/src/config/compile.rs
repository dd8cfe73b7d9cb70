//! What compiling components may cost.

use std::time::Duration;

use crate::places::PlaceLimits;

/// Bounds of the work of compiling and of what is kept of it.
#[derive(Debug, Clone, Copy)]
pub struct CompileLimits {
    /// Compilations at once: each takes a CPU and up to 4 GiB of a child's address space. One account has fewer than
    /// there are, so that somebody's hard components leave a place for everybody else.
    pub places: PlaceLimits,
    /// Bytes of the folder of compiled code; what was not used longest is deleted first. It costs time, no more:
    /// what is missing is compiled again.
    pub cache_bytes: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            places: PlaceLimits {
                per_account: 2,
                in_all: 3,
                // As long as the CPU time of one compilation: whoever is next in line has its turn by then.
                queue: Duration::from_secs(60),
            },
            cache_bytes: 4 << 30,
        }
    }
}
