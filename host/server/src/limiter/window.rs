//! The requests of one subject within the last minute.

use std::collections::VecDeque;

/// The length of the window in microseconds. It is open at its beginning: what was counted exactly a minute ago has left it.
pub(super) const WINDOW: i64 = 60_000_000;
/// Up to this limit every request has its own microsecond. Above it, which only the operator can give, requests of one
/// millisecond are kept as if they came at its end: either way a window holds some 60,000 entries, 1 MiB, at most.
const EXACT: u32 = 60_000;
const MILLISECOND: i64 = 1_000;
const SECOND: i64 = 1_000_000;

/// How a subject stands after a request: what the rate-limit headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Requests allowed in the window.
    pub(crate) limit: u32,
    /// Requests left in it.
    pub(crate) remaining: u32,
    /// Unix seconds, rounded up, at which the oldest counted request leaves the window.
    pub(crate) reset: i64,
    /// Seconds to wait, rounded up, when this request was refused: the next one is admitted then.
    pub(crate) retry_after: Option<i64>,
}

/// A log of the instants at which requests were admitted, as runs of (microsecond, count), oldest first.
#[derive(Default)]
pub(super) struct Window {
    runs: VecDeque<(i64, u32)>,
    count: u32,
    last: i64,
}

impl Window {
    /// Counts one request at `now`, microseconds UTC, unless `limit` of them are in the window.
    pub(super) fn take(&mut self, limit: u32, now: i64) -> Standing {
        self.forget(now);
        if self.count >= limit {
            let wait = (self.free_at(limit, now) - now).max(1);
            return Standing {
                retry_after: Some(rounded_up(wait, SECOND)),
                ..self.current(limit, now)
            };
        }
        let at = if limit > EXACT {
            rounded_up(now, MILLISECOND) * MILLISECOND
        } else {
            now
        };
        match self.runs.back_mut() {
            Some((last, count)) if *last >= at => *count += 1,
            _ => self.runs.push_back((at, 1)),
        }
        self.count += 1;
        self.current(limit, now)
    }

    /// Says how the subject stands at `now`.
    pub(super) fn standing(&mut self, limit: u32, now: i64) -> Standing {
        self.forget(now);
        self.current(limit, now)
    }

    /// Whether nothing is in the window at `now`.
    pub(super) fn is_empty(&mut self, now: i64) -> bool {
        self.forget(now);
        self.runs.is_empty()
    }

    fn current(&self, limit: u32, now: i64) -> Standing {
        let oldest = self.runs.front().map_or(now, |(at, _)| *at);
        Standing {
            limit,
            remaining: limit.saturating_sub(self.count),
            reset: rounded_up(oldest + WINDOW, SECOND),
            retry_after: None,
        }
    }

    /// The moment at which enough has left the window for one more: more than the oldest, where the limit was lowered.
    fn free_at(&self, limit: u32, now: i64) -> i64 {
        let mut leaving = self.count.saturating_sub(limit).saturating_add(1);
        for (at, count) in &self.runs {
            if *count >= leaving {
                return at + WINDOW;
            }
            leaving -= count;
        }
        now + WINDOW
    }

    fn forget(&mut self, now: i64) {
        self.follow_clock(now);
        while let Some((at, count)) = self.runs.front().copied() {
            if at > now - WINDOW {
                break;
            }
            self.count -= count;
            self.runs.pop_front();
        }
        if self.runs.is_empty() {
            self.runs = VecDeque::new();
        }
    }

    /// Where the machine's clock was set back, everything that was counted moves with it: otherwise it would stay in the
    /// window for as long as the clock needs to catch up.
    fn follow_clock(&mut self, now: i64) {
        let back = self.last - now;
        if back > 0 {
            self.runs.iter_mut().for_each(|(at, _)| *at -= back);
        }
        self.last = now;
    }
}

/// `value` in units of `unit`, rounded up.
fn rounded_up(value: i64, unit: i64) -> i64 {
    (value + unit - 1).div_euclid(unit)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn the_window_slides() {
        let mut window = Window::default();
        assert_eq!(window.take(2, 0).remaining, 1);
        assert_eq!(window.take(2, 30 * SECOND).remaining, 0);
        let refused = window.take(2, 45 * SECOND);
        let expected = Standing {
            limit: 2,
            remaining: 0,
            reset: 60,
            retry_after: Some(15),
        };
        assert_eq!(refused, expected);
        // The first leaves at 60 s, to the microsecond; the second not before 90 s.
        assert_eq!(window.take(2, 60 * SECOND - 1).retry_after, Some(1));
        assert_eq!(window.take(2, 60 * SECOND).retry_after, None);
        assert_eq!(window.take(2, 61 * SECOND).retry_after, Some(29));
    }

    #[test]
    fn a_lowered_limit_waits_until_enough_has_left() {
        let mut window = Window::default();
        for second in 0..4 {
            window.take(4, second * SECOND);
        }
        assert_eq!(window.take(2, 10 * SECOND).retry_after, Some(52));
        assert_eq!(window.take(2, 62 * SECOND).retry_after, None);
    }

    #[test]
    fn a_clock_that_is_set_back_neither_frees_nor_locks() {
        let mut window = Window::default();
        let start = 1_000_000 * SECOND;
        window.take(1, start);
        let refused = window.take(1, start - 3_600 * SECOND);
        assert_eq!(refused.retry_after, Some(60));
        let later = start - 3_540 * SECOND;
        assert_eq!(window.take(1, later).retry_after, None);
    }

    #[test]
    fn a_very_high_limit_takes_no_more_memory() {
        let mut window = Window::default();
        for at in 0..100_000 {
            window.take(1_000_000, at * 10);
        }
        assert_eq!(window.count, 100_000);
        assert!(window.runs.len() <= 1_001, "{}", window.runs.len());
        assert!(window.is_empty(WINDOW + SECOND));
        assert_eq!(window.runs.capacity(), 0);
    }

    /// Random schedules against the plainest model: every instant that was admitted, counted anew for each request.
    #[test]
    fn random_schedules_are_refused_neither_early_nor_late() {
        for seed in 0..3_000 {
            let mut random = StdRng::seed_from_u64(seed);
            let limit = random.random_range(1..40);
            let widest = [1, 1_000, 2 * SECOND, 5 * SECOND][random.random_range(0..4)];
            let (mut window, mut now) = (Window::default(), random.random_range(0..SECOND));
            let mut admitted: Vec<i64> = Vec::new();
            for _ in 0..200 {
                now += match random.random_range(0..20) {
                    0 => WINDOW - 1,
                    1 => 1,
                    _ => random.random_range(0..=widest),
                };
                let standing = window.take(limit, now);
                let inside = |at: &&i64| **at > now - WINDOW;
                let count = admitted.iter().filter(inside).count();
                let fits = count < limit as usize;
                assert_eq!(standing.retry_after.is_none(), fits, "seed {seed}, {now}");
                if let Some(wait) = standing.retry_after {
                    let oldest = admitted.iter().find(inside).unwrap();
                    let exact = oldest + WINDOW - now;
                    assert_eq!(wait, rounded_up(exact, SECOND), "seed {seed}, {now}");
                    assert_eq!(standing.remaining, 0);
                } else {
                    admitted.push(now);
                    assert_eq!(standing.remaining as usize, limit as usize - count - 1);
                }
            }
        }
    }
}
