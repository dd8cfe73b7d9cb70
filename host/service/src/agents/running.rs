//! Remembers agents seen lately, and holds the tokens that end their runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use skillgate_store::{Agent, Change, Store};
use tokio_util::sync::CancellationToken;

use crate::cache::Cache;

/// After this time an agent is looked up again: another process may have changed it.
const CACHE_TTL: Duration = Duration::from_secs(1);
/// Agents remembered at once.
const MAX_CACHED_AGENTS: u64 = 100_000;

/// Agents seen lately, by id.
pub(super) type SeenAgents = Cache<String, Arc<Agent>>;

/// Has seen no agent yet.
pub(super) fn seen_agents(store: &Store) -> SeenAgents {
    Cache::new(MAX_CACHED_AGENTS, CACHE_TTL).fed_by(store, |seen: &SeenAgents, change| match change
    {
        Change::Agent(agent) => seen.invalidate(agent.as_str()),
        Change::Agents => seen.invalidate_all(),
        _ => {}
    })
}

/// The way to end what agents do.
#[derive(Default)]
pub(super) struct RunningAgents {
    running: Mutex<HashMap<String, Weak<CancellationToken>>>,
}

impl RunningAgents {
    /// Cancelled when the agent is stopped or deleted. Each of its runs keeps it until it has ended.
    pub(super) fn token(&self, agent: &str) -> Arc<CancellationToken> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = running.get(agent).and_then(Weak::upgrade) {
            return token;
        }
        // Before the map would grow: what it holds is in proportion to the agents that run at once.
        if running.len() == running.capacity() {
            running.retain(|_, token| token.strong_count() > 0);
        }
        let token = Arc::default();
        running.insert(agent.to_owned(), Arc::downgrade(&token));
        token
    }

    /// Cancels what the agent does, as far as it has begun.
    pub(super) fn cancel(&self, agent: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = running.remove(agent).as_ref().and_then(Weak::upgrade) {
            token.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_whose_runs_have_ended_are_forgotten() {
        let agents = RunningAgents::default();
        let runs = agents.token("runs");
        for number in 0..10_000 {
            agents.token(&number.to_string());
        }
        assert!(agents.running.lock().unwrap().len() < 100);
        agents.cancel("runs");
        assert!(runs.is_cancelled() && !agents.token("runs").is_cancelled());
    }
}
