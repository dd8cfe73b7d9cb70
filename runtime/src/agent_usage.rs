//! What the sandboxes of each agent use: linear memory and CPU time.
//!
//! Most calls last for microseconds, so that the use at one moment says little: figures are those of the last minute.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// The length of one slot of the window.
const SLOT: Duration = Duration::from_secs(5);
/// Slots of the window, the one that passes now included: together a minute.
const SLOTS: usize = 12;

/// What the sandboxes of one agent used within the last minute, in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentUsage {
    /// The most linear memory that they held together, in bytes.
    pub memory: u64,
    /// The linear memory, in bytes, that all sandboxes of the agent's account may hold together.
    pub memory_limit: u64,
    /// CPU time of the threads that they ran on, for as long as they ran.
    pub cpu: Duration,
    /// The time that these figures are of: 55 to 60 seconds.
    pub window: Duration,
}

/// The meters of agents that ran sandboxes lately.
#[derive(Default)]
pub(crate) struct AgentMeters {
    /// By account and agent.
    known: Mutex<HashMap<(String, String), Arc<AgentMeter>>>,
}

impl AgentMeters {
    /// Gives the meter of an agent of an account: the same one for all its calls.
    pub(crate) fn of(&self, account: &str, agent: &str) -> Arc<AgentMeter> {
        let key = (account.to_owned(), agent.to_owned());
        let mut known = self.lock();
        if let Some(meter) = known.get(&key) {
            return Arc::clone(meter);
        }
        // Before the map would grow: what it holds is in proportion to the agents that ran within the window.
        if known.len() == known.capacity() {
            known.retain(|_, meter| Arc::strong_count(meter) > 1 || !meter.is_idle());
        }
        Arc::clone(known.entry(key).or_default())
    }

    /// Finds the meter of an agent, if it ran anything lately.
    pub(crate) fn find(&self, account: &str, agent: &str) -> Option<Arc<AgentMeter>> {
        let key = (account.to_owned(), agent.to_owned());
        self.lock().get(&key).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Arc<AgentMeter>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts what the sandboxes of one agent use.
#[derive(Debug)]
pub(crate) struct AgentMeter {
    begun: Instant,
    window: Mutex<Window>,
}

impl Default for AgentMeter {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            window: Mutex::default(),
        }
    }
}

impl AgentMeter {
    /// Counts bytes that a sandbox holds from now on.
    pub(crate) fn hold(&self, bytes: u64) {
        self.change(|window, slot| window.hold(slot, bytes));
    }

    /// Counts bytes that a sandbox gave back.
    pub(crate) fn release(&self, bytes: u64) {
        self.change(|window, slot| window.release(slot, bytes));
    }

    /// Runs `work`, and counts the CPU time of the thread while it does. Each piece is counted as it ends, so that a long
    /// call shows before it is over; a guest's turn lasts for a millisecond at most.
    pub(crate) async fn measure<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> T {
        poll_fn(|context| {
            let before = thread_cpu_time();
            let polled = work.as_mut().poll(context);
            let used = thread_cpu_time().saturating_sub(before);
            self.change(|window, slot| window.run(slot, used));
            polled
        })
        .await
    }

    /// Reads memory in bytes, CPU time, and the time that they are of.
    pub(crate) fn read(&self) -> (u64, Duration, Duration) {
        let now = self.begun.elapsed();
        let (memory, cpu) = self.change(|window, slot| window.sum(slot));
        (memory, cpu, length_at(now))
    }

    fn is_idle(&self) -> bool {
        self.change(|window, slot| window.sum(slot)) == (0, Duration::ZERO)
    }

    /// Changes the window, given the number of the slot that passes now.
    fn change<T>(&self, change: impl FnOnce(&mut Window, u64) -> T) -> T {
        let slot = slot_at(self.begun.elapsed());
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut window, slot)
    }
}

/// The number of the slot that passes so long after the first began.
fn slot_at(elapsed: Duration) -> u64 {
    elapsed.as_secs() / SLOT.as_secs()
}

/// The length of the window so long after the first slot began: the slot that passes now is not over yet.
fn length_at(elapsed: Duration) -> Duration {
    let passed = Duration::from_nanos((elapsed.as_nanos() % SLOT.as_nanos()) as u64);
    SLOT * (SLOTS as u32 - 1) + passed
}

/// The CPU time of this thread since it began.
fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// The last slots, and what is held now.
#[derive(Debug, Default)]
struct Window {
    held: u64,
    slots: [Slot; SLOTS],
}

#[derive(Debug, Default, Clone, Copy)]
struct Slot {
    number: u64,
    cpu: Duration,
    /// The most that was held at a time, in bytes.
    memory: u64,
}

impl Window {
    fn hold(&mut self, slot: u64, bytes: u64) {
        self.held = self.held.saturating_add(bytes);
        let held = self.held;
        let slot = self.slot(slot);
        slot.memory = slot.memory.max(held);
    }

    fn release(&mut self, slot: u64, bytes: u64) {
        // What is given back now was held in this slot, too.
        self.slot(slot);
        self.held = self.held.saturating_sub(bytes);
    }

    fn run(&mut self, slot: u64, cpu: Duration) {
        self.slot(slot).cpu += cpu;
    }

    fn sum(&self, now: u64) -> (u64, Duration) {
        let is_within = |slot: &&Slot| slot.number + SLOTS as u64 > now;
        let within = || self.slots.iter().filter(is_within);
        let memory = within().map(|slot| slot.memory).max().unwrap_or_default();
        (memory.max(self.held), within().map(|slot| slot.cpu).sum())
    }

    /// The slot of this number, which takes the place of one that the window has left behind.
    fn slot(&mut self, number: u64) -> &mut Slot {
        let memory = self.held;
        let slot = &mut self.slots[(number % SLOTS as u64) as usize];
        if slot.number != number {
            *slot = Slot {
                number,
                cpu: Duration::ZERO,
                memory,
            };
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_window_has_the_highest_memory_and_all_the_cpu_time_of_its_slots() {
        let mut window = Window::default();
        window.hold(0, 10);
        window.hold(1, 20);
        window.run(1, MS);
        window.release(2, 20);
        window.run(3, MS);
        assert_eq!(window.sum(3), (30, 2 * MS));
        // Slot 2 began with what was held then.
        assert_eq!(window.sum(13), (30, MS));
        assert_eq!(window.sum(14), (10, MS));
        assert_eq!(window.sum(15), (10, Duration::ZERO), "still held");
        window.release(40, 10);
        assert_eq!(window.sum(40), (10, Duration::ZERO));
        assert_eq!(window.sum(52), (0, Duration::ZERO));
    }

    #[test]
    fn the_window_is_as_long_as_its_slots_have_passed() {
        assert_eq!(length_at(Duration::ZERO), Duration::from_secs(55));
        assert_eq!(length_at(Duration::from_secs(14)), Duration::from_secs(59));
        assert_eq!((slot_at(SLOT - MS), slot_at(SLOT)), (0, 1));
    }

    #[test]
    fn idle_agents_are_forgotten_and_agents_of_two_accounts_are_two() {
        let meters = AgentMeters::default();
        meters.of("a", "busy").hold(1);
        for number in 0..10_000 {
            meters.of("a", &number.to_string());
        }
        assert!(meters.lock().len() < 100);
        assert_eq!(meters.find("a", "busy").unwrap().read().0, 1);
        assert!(meters.find("b", "busy").is_none());
    }

    #[tokio::test]
    async fn the_time_of_the_thread_is_counted() {
        let meter = AgentMeter::default();
        let before = thread_cpu_time();
        let spin = async { while thread_cpu_time() < before + MS {} };
        meter.measure(std::pin::pin!(spin)).await;
        assert!(meter.read().1 > Duration::ZERO);
    }
}
