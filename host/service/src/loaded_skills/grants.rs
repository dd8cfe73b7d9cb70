//! Grants in use: what is taken back is taken back from runs that are under way too.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::time::timeout;

use super::held_grant::{GRANT_TTL, HeldGrant};
use super::{AgentSkill, Inner};
use crate::ServiceError;

/// The lists of skills that were handed out and are still in use, by agent.
#[derive(Default)]
pub(super) struct LiveGrants {
    lists: Mutex<HashMap<String, Vec<Weak<Vec<AgentSkill>>>>>,
    /// How often anything was changed.
    changes: AtomicU64,
    /// Wakes what watches grants for calls that are under way.
    changed: Notify,
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
            gone.for_each(|old| old.grant.revoke());
        }
        lists.push(Arc::downgrade(now));
    }

    /// How often anything was changed: whoever read grants before this changed may hold some that are none any more.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Takes back what a skill was granted on an agent.
    pub(super) fn revoke(&self, agent: &str, skill: &str) {
        let is_meant = |one: &AgentSkill| one.skill.skill_id == skill;
        let live = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        let lists = live.get(agent).into_iter().flatten();
        for list in lists.filter_map(Weak::upgrade) {
            let of_skill = list.iter().filter(|one| is_meant(one));
            of_skill.for_each(|one| one.grant.revoke());
        }
        drop(live);
        self.changed.notify_waiters();
    }

    /// Does `change` to a grant wherever it is in use: on one agent, or on all of an account.
    pub(super) fn change(&self, grant_id: &str, change: impl Fn(&AgentSkill)) {
        let live = self.lock();
        self.changes.fetch_add(1, Ordering::SeqCst);
        for list in live.values().flatten().filter_map(Weak::upgrade) {
            let is_under = |one: &&AgentSkill| one.grant.is(grant_id);
            list.iter().filter(is_under).for_each(&change);
        }
        drop(live);
        self.changed.notify_waiters();
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

impl Inner {
    /// What a skill on an agent may do now, at most [`GRANT_TTL`] old, and what this process changed at once.
    pub(super) async fn current_grant(
        &self,
        account: &str,
        agent: &str,
        one: &AgentSkill,
    ) -> Result<HeldGrant, ServiceError> {
        loop {
            if let Some((held, _)) = one.grant.fresh(self.store.now()) {
                return Ok(held);
            }
            let changes = self.live.changes();
            let version = &one.skill.source.version_id;
            let read = self.store.grant_of_version(account, agent, version).await?;
            // What was changed while it was read may have been read as it was before. Each further round is a change that was committed.
            let read = HeldGrant::of(read);
            if one.grant.replace(read, || self.live.changes() == changes) {
                return Ok(one.grant.held());
            }
        }
    }

    /// Keeps the grant of a call under way as fresh as that of one that begins: what is narrowed, revoked or expires ends the
    /// call. To be dropped with the call.
    pub(super) async fn watch_grant(
        &self,
        account: &str,
        agent: &str,
        one: &AgentSkill,
    ) -> Infallible {
        loop {
            // Listens before it looks: what is changed between the two is heard.
            let changed = self.live.changed.notified();
            let mut left = GRANT_TTL;
            match self.current_grant(account, agent, one).await {
                Ok(_) => {
                    let fresh = one.grant.fresh(self.store.now());
                    left = fresh.map_or(left, |(_, left)| left);
                }
                // The next look may succeed. While the store is away nothing of the run is committed either.
                Err(error) => tracing::warn!(error = error.chain(), "a grant could not be read"),
            }
            let _ = timeout(left, changed).await;
        }
    }
}
