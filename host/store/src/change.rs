//! Tells what the store's own writes changed, so that what was remembered of it is read again.

use std::fmt;
use std::mem;
use std::sync::{Arc, PoisonError, RwLock};

/// What a write changed, by what a reader may have remembered of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// An API key was revoked or deleted.
    ApiKeys,
    /// Sessions of the console were ended.
    ConsoleSessions,
    /// The row of an agent or the names of its secrets. Holds the agent's id.
    Agent(String),
    /// Something that several agents show, such as a swarm.
    Agents,
    /// The skills on an agent, or what they are granted there. Holds the agent's id.
    AgentSkills(String),
    /// What skills are granted on agents that are not named: on all of an account, or wherever a version is.
    Grants,
    /// The package of a version was replaced by one of the same contents. Holds the version's id.
    Version(String),
}

type Listener = Arc<dyn Fn(&Change) + Send + Sync>;

/// Who is told of changes. Clones share one list.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<RwLock<Vec<Listener>>>);

impl Listeners {
    /// Adds a listener, which is called on the thread of the write and must not block.
    pub(crate) fn add(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        let mut listeners = self.0.write().unwrap_or_else(PoisonError::into_inner);
        listeners.push(Arc::new(listener));
    }

    /// Tells every listener of a change.
    pub(crate) fn announce(&self, change: &Change) {
        let listeners = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter() {
            listener(change);
        }
    }
}

/// Changes of one transaction, announced when this is dropped.
///
/// They are announced whether the transaction was committed or not, because a caller may stop waiting while the database
/// commits. Reading something again that did not change does no harm.
pub(crate) struct PendingChanges {
    listeners: Listeners,
    changes: Vec<Change>,
}

impl PendingChanges {
    /// No changes yet.
    pub(crate) fn new(listeners: Listeners) -> Self {
        Self {
            listeners,
            changes: Vec::new(),
        }
    }

    /// Adds a change.
    pub(crate) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }
}

impl Drop for PendingChanges {
    fn drop(&mut self) {
        for change in mem::take(&mut self.changes) {
            self.listeners.announce(&change);
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listeners")
    }
}
