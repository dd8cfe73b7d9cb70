//! The clock that interrupts guests. It ticks while there are guests, and sleeps when there are none: an idle host has nothing
//! that wakes it a thousand times a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

use crate::error::HostFault;

/// How long one epoch lasts: the grain in which guests yield and deadlines are noticed.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Ticks without a guest before the clock sleeps. Waking it is a system call, which calls that follow each other must not pay.
const IDLE_TICKS: u32 = 100;

/// The clock. Dropping it ends its thread.
pub(crate) struct EpochTicker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    guests: AtomicUsize,
    is_asleep: AtomicBool,
    is_closed: AtomicBool,
}

/// A guest that may have to be interrupted: the clock ticks until this is dropped.
#[derive(Debug)]
pub(crate) struct EpochTicks(Arc<Shared>);

impl EpochTicker {
    /// Starts a thread that calls `tick` once an epoch while there are guests.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(tick: impl FnMut() + Send + 'static) -> Result<Self, HostFault> {
        let shared = Arc::new(Shared::default());
        let ticking = shared.clone();
        let thread: JoinHandle<()> = std::thread::Builder::new()
            .name("skillgate-epoch".into())
            .spawn(move || ticking.run(tick))
            .map_err(|error| HostFault::io("starting the epoch thread", error))?;
        Ok(Self {
            shared,
            thread: thread.thread().clone(),
        })
    }

    /// Makes the clock tick for a guest.
    pub(crate) fn begin(&self) -> EpochTicks {
        // Sequentially consistent with the thread's last look before it sleeps: one of the two sees the other.
        self.shared.guests.fetch_add(1, Ordering::SeqCst);
        if self.shared.is_asleep.load(Ordering::SeqCst) {
            self.thread.unpark();
        }
        EpochTicks(self.shared.clone())
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Drop for EpochTicks {
    fn drop(&mut self) {
        self.0.guests.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    /// Ticks until the clock is dropped and the last guest is gone: guests may outlive it by their end.
    fn run(&self, mut tick: impl FnMut()) {
        let mut idle = 0;
        while !self.is_over() {
            // First, so that a guest that woke the clock has a whole epoch like any other.
            std::thread::sleep(TICK);
            tick();
            idle = match self.guests.load(Ordering::SeqCst) {
                0 => idle + 1,
                _ => 0,
            };
            if idle >= IDLE_TICKS {
                self.sleep();
                idle = 0;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst) && self.guests.load(Ordering::SeqCst) == 0
    }

    /// Returns when there is a guest, or the clock was dropped.
    fn sleep(&self) {
        self.is_asleep.store(true, Ordering::SeqCst);
        while self.guests.load(Ordering::SeqCst) == 0 && !self.is_closed.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.is_asleep.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Instant;

    use super::*;

    /// Waits until something holds, for at most ten seconds.
    fn until(holds: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < end, "it never came to hold");
            std::thread::yield_now();
        }
    }

    #[test]
    fn it_sleeps_without_guests_and_ticks_for_each_that_comes() {
        let ticks = Arc::new(AtomicU64::new(0));
        let counted = ticks.clone();
        let count = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        let ticker = EpochTicker::start(count).unwrap();
        for _ in 0..3 {
            until(|| ticker.shared.is_asleep.load(Ordering::SeqCst));
            let before = ticks.load(Ordering::SeqCst);
            let guests = (ticker.begin(), ticker.begin());
            until(|| ticks.load(Ordering::SeqCst) > before + u64::from(IDLE_TICKS) + 10);
            assert!(!ticker.shared.is_asleep.load(Ordering::SeqCst));
            drop(guests);
        }
    }

    #[test]
    fn its_thread_ends_with_it_and_the_last_guest() {
        let ticker = EpochTicker::start(|| {}).unwrap();
        let guest = ticker.begin();
        let shared = Arc::downgrade(&ticker.shared);
        drop(ticker);
        drop(guest);
        until(|| shared.strong_count() == 0);
    }
}
