//! Counts requests in true sliding windows, in memory: exact within one process, whatever happens at the same time.

mod window;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

pub(crate) use self::window::Standing;
use self::window::{WINDOW, Window};

/// Parts of a table that are locked apart, so that callers rarely wait for each other.
const SHARDS: usize = 64;
/// The most subjects that one part counts apart, 102,400 in a table.
const SUBJECTS_PER_SHARD: usize = 1_600;

/// The windows of everything that is counted. Each kind has a table of its own, so that strangers cannot use up the room of
/// keys.
#[derive(Default)]
pub(crate) struct Limiter {
    /// Requests by the id of their API key, or of the identity that stands in its place.
    pub(crate) keys: Windows,
    /// Requests without a valid credential, by network.
    pub(crate) networks: Windows,
    /// Look-ups of credentials that are not known, by network.
    pub(crate) lookups: Windows,
}

/// A window for each subject. What finds no room in a part shares one window there: nothing is ever let through uncounted.
pub(crate) struct Windows {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    windows: HashMap<String, Window>,
    shared: Window,
    swept_at: i64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Windows {
    /// Counts one request of `subject`, unless its window is full. Refused requests are not counted.
    ///
    /// `clock` (microseconds UTC) is read while the window is held: two requests at the same moment are counted in the order
    /// of their times.
    pub(crate) fn take(&self, subject: &str, limit: u32, clock: impl FnOnce() -> i64) -> Standing {
        self.with_shard(subject, |shard| {
            let now = clock();
            shard.window(subject, now).take(limit, now)
        })
    }

    /// Says how `subject` stands and counts nothing.
    pub(crate) fn peek(&self, subject: &str, limit: u32, clock: impl FnOnce() -> i64) -> Standing {
        self.with_shard(subject, |shard| {
            let now = clock();
            match shard.windows.get_mut(subject) {
                Some(window) => window.standing(limit, now),
                None => Window::default().standing(limit, now),
            }
        })
    }

    fn with_shard<T>(&self, subject: &str, act: impl FnOnce(&mut Shard) -> T) -> T {
        // The remainder is below the number of parts on every machine.
        let at = (self.hasher.hash_one(subject) % SHARDS as u64) as usize;
        match self.shards.get(at) {
            Some(shard) => act(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)),
            None => act(&mut Shard::default()),
        }
    }
}

impl Shard {
    fn window(&mut self, subject: &str, now: i64) -> &mut Window {
        if !self.windows.contains_key(subject) {
            self.sweep(now);
            if self.windows.len() >= SUBJECTS_PER_SHARD {
                return &mut self.shared;
            }
        }
        self.windows.entry(subject.to_owned()).or_default()
    }

    /// Forgets empty windows, which changes nothing; at most once a minute, because it looks at all of them.
    fn sweep(&mut self, now: i64) {
        if now.abs_diff(self.swept_at) >= WINDOW.unsigned_abs() {
            self.swept_at = now;
            self.windows.retain(|_, window| !window.is_empty(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn one_subject_does_not_use_up_anothers() {
        let windows = Windows::default();
        assert_eq!(windows.peek("a", 1, || 0).remaining, 1);
        windows.take("a", 1, || 0);
        assert_eq!(windows.take("a", 1, || 1).retry_after, Some(60));
        assert_eq!(windows.take("b", 1, || 1).retry_after, None);
    }

    #[test]
    fn the_number_of_windows_is_bounded_and_what_finds_no_room_is_counted_all_the_same() {
        let windows = Windows::default();
        for number in 0..2 * SHARDS * SUBJECTS_PER_SHARD {
            windows.take(&number.to_string(), 1, || 0);
        }
        let kept = |shard: &Mutex<Shard>| shard.lock().unwrap().windows.len();
        let all: usize = windows.shards.iter().map(kept).sum();
        assert_eq!(all, SHARDS * SUBJECTS_PER_SHARD);
        assert!(windows.take("one more", 1, || 1).retry_after.is_some());
        // A minute later all of them are empty, and there is room again.
        assert_eq!(windows.take("one more", 1, || WINDOW).retry_after, None);
    }

    /// Whatever order threads come in, the window admits exactly what it would admit one after the other.
    #[test]
    fn many_threads_are_counted_as_exactly_as_one() {
        const LIMIT: u32 = 50;
        for step in [1, 7_919, 400_000, 1_300_000] {
            let (windows, time) = (Windows::default(), AtomicI64::new(0));
            let mut seen: Vec<(i64, bool)> = std::thread::scope(|scope| {
                let work = || {
                    let one = |_| {
                        let at = Cell::new(0);
                        let standing = windows.take("a", LIMIT, || {
                            at.set(time.fetch_add(step, Ordering::SeqCst));
                            at.get()
                        });
                        (at.get(), standing.retry_after.is_none())
                    };
                    (0..500).map(one).collect::<Vec<_>>()
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
                let joined = threads.into_iter().map(|thread| thread.join().unwrap());
                joined.flatten().collect()
            });
            seen.sort_unstable();
            let mut admitted: Vec<i64> = Vec::new();
            for (at, was_admitted) in seen {
                let inside = admitted
                    .iter()
                    .rev()
                    .take_while(|then| **then > at - WINDOW);
                assert_eq!(
                    was_admitted,
                    inside.count() < LIMIT as usize,
                    "{step}: {at}"
                );
                if was_admitted {
                    admitted.push(at);
                }
            }
        }
    }
}
