//! The shares of the queue in which log lines wait: one agent's flood drops its own lines and nobody else's.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LogOwner;
use crate::config::LogLimits;

/// How often at most an agent's log says that lines of it were dropped.
const NOTICE: Duration = Duration::from_secs(1);

/// Who has how many lines in the queue.
pub(super) struct Shares {
    limits: LogLimits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    agents: HashMap<LogOwner, AgentShare>,
    accounts: HashMap<String, usize>,
}

/// One agent's lines.
#[derive(Default)]
struct AgentShare {
    waiting: usize,
    dropped: u64,
    noticed: Option<Instant>,
}

impl Shares {
    /// Nobody has a line in the queue.
    pub(super) fn new(limits: LogLimits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// Whether one more line of this agent may wait; if not, it counts as dropped.
    pub(super) fn enter(&self, owner: &LogOwner) -> bool {
        let mut state = self.lock();
        let of_account = state.accounts.get(&owner.account).copied();
        let is_full = of_account.unwrap_or_default() >= self.limits.per_account;
        if is_full && !state.agents.contains_key(owner) {
            // Nothing of this agent waits, so nothing would ever take its entry away again.
            return false;
        }
        let agent = state.agents.entry(owner.clone()).or_default();
        if agent.waiting >= self.limits.per_agent || is_full {
            agent.dropped += 1;
            return false;
        }
        agent.waiting += 1;
        *state.accounts.entry(owner.account.clone()).or_default() += 1;
        true
    }

    /// A line that entered found no room: all shares together are more than the queue.
    pub(super) fn drop_one(&self, owner: &LogOwner) {
        let mut state = self.lock();
        state.leave(owner, 1);
        state.agents.entry(owner.clone()).or_default().dropped += 1;
    }

    /// Lines were taken out of the queue. Gives how many were dropped, when it is time to say so: at the end of a flood,
    /// and once in a while during it.
    pub(super) fn leave(&self, owner: &LogOwner, lines: usize) -> Option<u64> {
        let mut state = self.lock();
        state.leave(owner, lines);
        let agent = state.agents.get_mut(owner)?;
        let lately = agent.noticed.is_some_and(|at| at.elapsed() < NOTICE);
        if agent.waiting > 0 && lately {
            return None;
        }
        let dropped = std::mem::take(&mut agent.dropped);
        agent.noticed = Some(Instant::now());
        if agent.waiting == 0 {
            state.agents.remove(owner);
        }
        (dropped > 0).then_some(dropped)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn leave(&mut self, owner: &LogOwner, lines: usize) {
        if let Some(agent) = self.agents.get_mut(owner) {
            agent.waiting = agent.waiting.saturating_sub(lines);
        }
        if let Some(waiting) = self.accounts.get_mut(&owner.account) {
            *waiting = waiting.saturating_sub(lines);
            if *waiting == 0 {
                self.accounts.remove(&owner.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(account: &str, agent: &str) -> LogOwner {
        LogOwner {
            account: account.into(),
            agent: agent.into(),
        }
    }

    fn shares() -> Shares {
        Shares::new(LogLimits {
            in_all: 10,
            per_account: 3,
            per_agent: 2,
        })
    }

    #[test]
    fn a_flood_drops_its_own_lines_and_says_so_once() {
        let (shares, flood, other) = (shares(), owner("a", "1"), owner("b", "1"));
        let entered = (0..50).filter(|_| shares.enter(&flood)).count();
        assert_eq!(entered, 2);
        assert!(shares.enter(&other));
        assert_eq!(shares.leave(&other, 1), None);
        assert_eq!(shares.leave(&flood, 2), Some(48));
        assert!(shares.enter(&flood));
        assert_eq!(shares.leave(&flood, 1), None);
        assert!(shares.lock().agents.is_empty() && shares.lock().accounts.is_empty());
    }

    #[test]
    fn during_a_flood_it_is_said_once_in_a_while() {
        let (shares, flood) = (shares(), owner("a", "1"));
        assert_eq!((0..5).filter(|_| shares.enter(&flood)).count(), 2);
        assert_eq!(shares.leave(&flood, 1), Some(3));
        assert_eq!((0..5).filter(|_| shares.enter(&flood)).count(), 1);
        assert_eq!(shares.leave(&flood, 1), None);
        assert_eq!(shares.leave(&flood, 1), Some(4));
    }

    #[test]
    fn an_accounts_agents_share_what_it_has() {
        let shares = shares();
        let (one, two) = (owner("a", "1"), owner("a", "2"));
        let entered = [&one, &one, &two, &two].map(|owner| shares.enter(owner));
        assert_eq!(entered, [true, true, true, false]);
        shares.drop_one(&one);
        assert!(shares.enter(&two));
        assert_eq!(shares.leave(&two, 2), Some(1));
    }
}
