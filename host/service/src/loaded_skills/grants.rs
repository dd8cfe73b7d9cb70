//! Grants in use: what is taken back is taken back from runs that are under way too.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::AgentSkill;

/// The lists of skills that were handed out and are still in use, by agent.
#[derive(Default)]
pub(super) struct LiveGrants {
    lists: Mutex<HashMap<String, Vec<Weak<Vec<AgentSkill>>>>>,
    /// How often anything was taken back.
    revocations: AtomicU64,
}

impl LiveGrants {
    /// Notes an agent's skills as they are now, and takes back from earlier lists what is not among them any more.
    pub(super) fn renew(&self, agent: &str, now: &Arc<Vec<AgentSkill>>) {
        let mut live = self.lock();
        let lists = live.entry(agent.to_owned()).or_default();
        lists.retain(|list| list.strong_count() > 0);
        let still = |old: &AgentSkill| now.iter().any(|new| old.is_same_grant(new));
        for list in lists.iter().filter_map(Weak::upgrade) {
            let gone = list.iter().filter(|old| !still(old));
            gone.for_each(|old| old.state.revoke());
        }
        lists.push(Arc::downgrade(now));
    }

    /// How often anything was taken back: whoever read grants before this changed may hold some that are none any more.
    pub(super) fn revocations(&self) -> u64 {
        self.revocations.load(Ordering::SeqCst)
    }

    /// Takes back what a skill was granted on an agent.
    pub(super) fn revoke(&self, agent: &str, skill: &str) {
        let live = self.lock();
        self.revocations.fetch_add(1, Ordering::SeqCst);
        let lists = live.get(agent).into_iter().flatten();
        for list in lists.filter_map(Weak::upgrade) {
            let of_skill = list.iter().filter(|one| one.skill.skill_id == skill);
            of_skill.for_each(|one| one.state.revoke());
        }
    }

    /// Forgets lists that nobody uses any more.
    pub(super) fn tidy(&self) {
        self.lock().retain(|_, lists| {
            lists.retain(|list| list.strong_count() > 0);
            !lists.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Weak<Vec<AgentSkill>>>>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
