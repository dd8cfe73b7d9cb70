//! Requests counted per caller in a true sliding window, in memory.
//!
//! A window remembers the millisecond of every request of the last minute, as runs of (millisecond, count): at most
//! 60,000 entries however high the limit is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

/// The length of the window.
const WINDOW_MS: i64 = 60_000;
/// Callers remembered at once; the least used is forgotten first.
const CALLERS: u64 = 100_000;

/// How a caller stands after a request: what the rate-limit headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Requests allowed in the window.
    pub limit: u32,
    /// Requests left in it.
    pub remaining: u32,
    /// Unix seconds at which the oldest counted request leaves the window.
    pub reset: i64,
    /// Seconds to wait, when this request was refused.
    pub retry_after: Option<i64>,
}

/// The windows of all callers.
pub(crate) struct Limiter {
    windows: Cache<String, Arc<Mutex<Window>>>,
}

impl Default for Limiter {
    fn default() -> Self {
        // A window that nobody touched for longer than its length is empty, so forgetting it changes nothing.
        let idle = Duration::from_millis(WINDOW_MS.unsigned_abs() + 1_000);
        Self {
            windows: Cache::builder()
                .max_capacity(CALLERS)
                .time_to_idle(idle)
                .build(),
        }
    }
}

impl Limiter {
    /// Counts one request of `caller` at `now` (microseconds UTC), unless the window is full. Refused requests are not counted.
    pub(crate) fn take(&self, caller: &str, limit: u32, now: i64) -> Standing {
        self.with(caller, |window| window.take(limit, now.div_euclid(1_000)))
    }

    /// How `caller` stands at `now` (microseconds UTC), counting nothing.
    pub(crate) fn peek(&self, caller: &str, limit: u32, now: i64) -> Standing {
        self.with(caller, |window| {
            window.standing(limit, now.div_euclid(1_000))
        })
    }

    fn with<T>(&self, caller: &str, act: impl FnOnce(&mut Window) -> T) -> T {
        let window = match self.windows.get(caller) {
            Some(window) => window,
            None => self.windows.get_with_by_ref(caller, Arc::default),
        };
        act(&mut window.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The requests of one caller within the last minute.
#[derive(Default)]
struct Window {
    runs: VecDeque<(i64, u32)>,
    count: u32,
}

impl Window {
    fn take(&mut self, limit: u32, now: i64) -> Standing {
        self.forget(now);
        if self.count >= limit {
            let standing = self.standing(limit, now);
            let wait = (self.oldest(now) + WINDOW_MS - now).max(1);
            return Standing {
                retry_after: Some((wait + 999) / 1_000),
                ..standing
            };
        }
        match self.runs.back_mut() {
            // A clock that steps back must not put runs out of order.
            Some((at, count)) if *at >= now => *count += 1,
            _ => self.runs.push_back((now, 1)),
        }
        self.count += 1;
        self.standing(limit, now)
    }

    fn standing(&mut self, limit: u32, now: i64) -> Standing {
        self.forget(now);
        let leaves = self.oldest(now) + WINDOW_MS;
        Standing {
            limit,
            remaining: limit.saturating_sub(self.count),
            reset: (leaves + 999).div_euclid(1_000),
            retry_after: None,
        }
    }

    fn oldest(&self, now: i64) -> i64 {
        self.runs.front().map_or(now, |(at, _)| *at)
    }

    fn forget(&mut self, now: i64) {
        while let Some((at, count)) = self.runs.front().copied() {
            if at > now - WINDOW_MS {
                break;
            }
            self.count -= count;
            self.runs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn the_window_slides() {
        let limiter = Limiter::default();
        assert_eq!(limiter.take("a", 2, 0).remaining, 1);
        assert_eq!(limiter.take("a", 2, 30 * SECOND).remaining, 0);
        let refused = limiter.take("a", 2, 45 * SECOND);
        assert_eq!(
            refused,
            Standing {
                limit: 2,
                remaining: 0,
                reset: 60,
                retry_after: Some(15)
            }
        );
        // The first has left at 60 s, the second not before 90 s.
        assert_eq!(limiter.take("a", 2, 60 * SECOND).retry_after, None);
        assert_eq!(limiter.take("a", 2, 61 * SECOND).retry_after, Some(29));
    }

    #[test]
    fn one_caller_does_not_use_up_anothers() {
        let limiter = Limiter::default();
        limiter.take("a", 1, 0);
        assert_eq!(limiter.take("a", 1, 1).retry_after, Some(60));
        assert_eq!(limiter.take("b", 1, 1).retry_after, None);
    }

    #[test]
    fn looking_counts_nothing() {
        let limiter = Limiter::default();
        assert_eq!(limiter.peek("a", 1, 0).remaining, 1);
        assert_eq!(limiter.take("a", 1, 0).remaining, 0);
    }

    #[test]
    fn requests_of_one_millisecond_share_an_entry() {
        let mut window = Window::default();
        for _ in 0..1_000 {
            window.take(5_000, 7);
        }
        assert_eq!((window.runs.len(), window.count), (1, 1_000));
    }
}
