//! The threads and the memory that all guests share, and one account's share of them.

use crate::machine;

/// What guests may use of the machine, all together. The defaults are made for this machine.
#[derive(Debug, Clone)]
pub struct GuestConfig {
    /// Guests that compute at the same time, each on a thread. Default: one a core; more would only wait for each other.
    pub threads: usize,
    /// Threads that wait for the disk and for names on behalf of guests, beside those. Default: 64;
    /// they sleep most of the time, and further work queues up.
    pub blocking_threads: usize,
    /// Stack of each of these threads in bytes. Default: 8 MiB; only what is touched takes memory.
    pub stack: usize,
    /// The nice value of these threads, from 0 to 19. Default: 10, so that the threads which answer
    /// requests go first when there is not enough CPU for both.
    pub nice: i32,
    /// Calls of one account at the same time; later ones wait. `None`: an eighth of the pool's
    /// instances, at least 8, so that no single account can take the pool.
    pub calls_per_account: Option<usize>,
    /// Linear memory of all guests together, in bytes. Default: half of what the machine, or the
    /// cgroup of this process, has; the rest is for the host itself.
    pub memory: u64,
    /// Linear memory of one account's guests together, in bytes. Default: a quarter of `memory`, at
    /// least what one call may have.
    pub memory_per_account: u64,
}

/// The smallest default share of memory of one account: one call of the largest size.
const MIN_MEMORY_PER_ACCOUNT: u64 = crate::engine::MAX_MEMORY;

/// The smallest default number of calls of one account at the same time.
const MIN_CALLS_PER_ACCOUNT: usize = 8;

impl Default for GuestConfig {
    fn default() -> Self {
        // Whole mebibytes, for messages.
        let memory = (machine::memory() / 2) >> 20 << 20;
        Self {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            blocking_threads: 64,
            stack: 8 << 20,
            nice: 10,
            calls_per_account: None,
            memory,
            memory_per_account: Self::share_of(memory),
        }
    }
}

impl GuestConfig {
    /// The default share of one account in this much memory of all guests: a quarter, at least one call of the largest size.
    pub fn share_of(memory: u64) -> u64 {
        (memory / 4).max(MIN_MEMORY_PER_ACCOUNT)
    }

    /// Calls of one account at the same time, of a pool with this many instances.
    pub(crate) fn calls_per_account(&self, instances: usize) -> usize {
        self.calls_per_account
            .unwrap_or_else(|| (instances / 8).max(MIN_CALLS_PER_ACCOUNT))
            .clamp(1, instances.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_an_eighth_of_the_pool_and_no_more_than_all_of_it() {
        let config = GuestConfig::default();
        let shares = [1000, 40, 4, 0].map(|instances| config.calls_per_account(instances));
        assert_eq!(shares, [125, 8, 4, 1]);
        let config = GuestConfig {
            calls_per_account: Some(2),
            ..config
        };
        assert_eq!(config.calls_per_account(1000), 2);
    }
}
