//! Where knowledge lies: with an agent, or with a swarm.

use crate::db::{Tx, args};
use crate::{Store, StoreError};

/// Whose knowledge it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KnowledgeOwner {
    /// An agent's own, by its id.
    Agent(String),
    /// A swarm's, by its id.
    Swarm(String),
}

impl KnowledgeOwner {
    /// The owner that a scope names; `None` where it names none.
    pub(crate) fn of(agent: Option<String>, swarm: Option<String>) -> Option<Self> {
        agent.map(Self::Agent).or(swarm.map(Self::Swarm))
    }

    pub(crate) fn agent(&self) -> Option<&str> {
        match self {
            Self::Agent(id) => Some(id),
            Self::Swarm(_) => None,
        }
    }

    pub(crate) fn swarm(&self) -> Option<&str> {
        match self {
            Self::Agent(_) => None,
            Self::Swarm(id) => Some(id),
        }
    }
}

/// The knowledge of one owner, in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KnowledgeScope {
    /// Its number, never that of two scopes at a time.
    pub number: i64,
    /// How many entries it has.
    pub entries: i64,
    /// The last number given to an entry; none is given twice.
    pub last_seq: i64,
    /// Raised whenever vectors are added or replaced.
    pub revision: i64,
    /// Raised whenever vectors are deleted or replaced.
    pub deletions: i64,
}

/// How often the number of a new scope is chosen again because others chose it at the same moment.
const ATTEMPTS: usize = 16;

pub(crate) const FIND_SCOPE: &str = "SELECT number, entries, last_seq, revision, deletions FROM knowledge_scope \
     WHERE account_id = $1 AND (agent_id = $2 OR swarm_id = $3)";

const MAKE_FOR_AGENT: &str = "INSERT INTO knowledge_scope \
     (number, account_id, agent_id, entries, bytes, last_seq, revision, deletions) \
     SELECT COALESCE((SELECT MAX(number) FROM knowledge_scope), 0) + 1, account_id, id, 0, 0, 0, 0, 0 \
     FROM agent WHERE id = $2 AND account_id = $1 ON CONFLICT DO NOTHING";

const MAKE_FOR_SWARM: &str = "INSERT INTO knowledge_scope \
     (number, account_id, swarm_id, entries, bytes, last_seq, revision, deletions) \
     SELECT COALESCE((SELECT MAX(number) FROM knowledge_scope), 0) + 1, account_id, id, 0, 0, 0, 0, 0 \
     FROM swarm WHERE id = $2 AND account_id = $1 ON CONFLICT DO NOTHING";

impl Store {
    /// The knowledge of an owner; `None` where it never had any, or the account has no such owner.
    pub async fn knowledge_scope(
        &self,
        account: &str,
        owner: &KnowledgeOwner,
    ) -> Result<Option<KnowledgeScope>, StoreError> {
        let args = args![account, owner.agent(), owner.swarm()];
        self.db.optional(FIND_SCOPE, args).await
    }
}

/// Keeps the owner from being deleted until the transaction ends; wanted before anything of its knowledge is changed.
pub(crate) async fn hold_owner(tx: &mut Tx, owner: &KnowledgeOwner) -> Result<(), StoreError> {
    match owner {
        KnowledgeOwner::Agent(agent) => tx.hold_agent(agent).await,
        KnowledgeOwner::Swarm(swarm) => tx.hold_swarm(swarm).await,
    }
}

/// The owner's scope, made where there is none; `None` where the account has no such owner.
pub(crate) async fn find_or_make_scope(
    tx: &mut Tx,
    account: &str,
    owner: &KnowledgeOwner,
) -> Result<Option<KnowledgeScope>, StoreError> {
    let (make, id) = match owner {
        KnowledgeOwner::Agent(id) => (MAKE_FOR_AGENT, id),
        KnowledgeOwner::Swarm(id) => (MAKE_FOR_SWARM, id),
    };
    for _ in 0..ATTEMPTS {
        let args = args![account, owner.agent(), owner.swarm()];
        if let Some(scope) = tx.optional(FIND_SCOPE, args).await? {
            return Ok(Some(scope));
        }
        // Nothing is inserted where there is no owner, and where another transaction took the number first.
        tx.execute(make, args![account, id]).await?;
    }
    Ok(None)
}
