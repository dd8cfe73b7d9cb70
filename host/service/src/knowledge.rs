//! Knowledge: texts that agents and swarms find again by their words and by what they are about.
//!
//! An agent that belongs to a swarm uses the swarm's knowledge. Its own is kept, and found again when it leaves.

mod cache;
mod chunks;
mod embed_anew;
mod fuse;
mod ingest;
mod search;
mod vectors;

use std::sync::Arc;

use skillgate_agent::ProviderError;
use skillgate_agent::embedding::Embedder;
use skillgate_runtime::{Place, Places};
use skillgate_store::{Agent, KnowledgeEntry, KnowledgeOwner, Store};

use self::cache::{Snapshot, VectorCache};
use crate::agents::Agents;
use crate::config::{KnowledgeLimits, MAX_LISTED_ENTRIES};
use crate::places::WorkInProgress;
use crate::{Actor, AgentId, KnowledgeEntryId, ServiceError, SwarmId};

pub use chunks::KnowledgeChunk;
pub use ingest::Ingested;
pub use search::FoundKnowledge;

/// Whose knowledge is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnowledgeTarget {
    /// An agent's, or its swarm's when it belongs to one.
    Agent(AgentId),
    /// A swarm's.
    Swarm(SwarmId),
}

impl KnowledgeTarget {
    /// What a request names.
    ///
    /// # Errors
    /// `Invalid` unless exactly one of the two is given, `NotFound` when that can be no id.
    pub fn parse(swarm: Option<&str>, agent: Option<&str>) -> Result<Self, ServiceError> {
        match (swarm, agent) {
            (Some(swarm), None) => Ok(Self::Swarm(swarm.parse()?)),
            (None, Some(agent)) => Ok(Self::Agent(agent.parse()?)),
            _ => Err(ServiceError::invalid(
                "Give exactly one of swarmId and agentId.",
            )),
        }
    }
}

/// Which entries are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnowledgeSelection {
    /// One entry.
    Entry(KnowledgeEntryId),
    /// All that are from one source.
    Source(String),
    /// All.
    All,
}

/// A place to receive chunks, given up when dropped.
#[derive(Debug)]
pub struct ReceivingPlace {
    _place: Place,
}

/// Knowledge.
pub struct Knowledge {
    store: Store,
    agents: Arc<Agents>,
    embedder: Arc<dyn Embedder>,
    cache: VectorCache,
    limits: KnowledgeLimits,
    receiving: Places,
    work: Places,
    places: Arc<WorkInProgress>,
}

impl Knowledge {
    pub(crate) fn new(
        store: Store,
        agents: Arc<Agents>,
        embedder: Arc<dyn Embedder>,
        places: Arc<WorkInProgress>,
        limits: KnowledgeLimits,
    ) -> Self {
        let cache = VectorCache::new(store.clone(), embedder.name(), embedder.dimension(), limits);
        Self {
            store,
            agents,
            embedder,
            cache,
            limits,
            receiving: Places::new(limits.receiving),
            work: Places::new(limits.work),
            places,
        }
    }

    /// Waits for a place to receive chunks, which is held until they are stored.
    ///
    /// # Errors
    /// `Unavailable` when none becomes free in time.
    pub async fn receiving_place(&self, actor: &Actor) -> Result<ReceivingPlace, ServiceError> {
        let place = self.receiving.take(&actor.account).await;
        Ok(ReceivingPlace {
            _place: place.map_err(|_| busy())?,
        })
    }

    /// At most `limit` entries in the order in which they were added, those of `source` alone when it is given, beginning with the
    /// entry `from`, and the id of the entry that follows them.
    pub async fn list(
        &self,
        actor: &Actor,
        target: &KnowledgeTarget,
        source: Option<&str>,
        from: Option<&KnowledgeEntryId>,
        limit: i64,
    ) -> Result<(Vec<KnowledgeEntry>, Option<String>), ServiceError> {
        if !(1..=MAX_LISTED_ENTRIES).contains(&limit) {
            return Err(ServiceError::invalid(format!(
                "limit: must be 1 to {MAX_LISTED_ENTRIES}."
            )));
        }
        let owner = self.owner(actor, target).await?;
        let _place = self.places.page_read(&actor.account).await?;
        let from = from.map_or("", |from| &**from);
        let listed = self
            .store
            .list_knowledge(&actor.account, &owner, source, from, limit + 1);
        let mut entries = listed.await?;
        let next = entries.split_off(entries.len().min(limit.unsigned_abs() as usize));
        Ok((entries, next.into_iter().next().map(|entry| entry.id)))
    }

    /// Deletes entries of an agent or swarm. Those that are added meanwhile stay.
    ///
    /// # Errors
    /// `NotFound` for an entry that is not there. A source without entries is no error: nothing of it is there afterwards.
    pub async fn delete(
        &self,
        actor: &Actor,
        target: &KnowledgeTarget,
        selection: &KnowledgeSelection,
    ) -> Result<(), ServiceError> {
        let owner = self.owner(actor, target).await?;
        let account = &*actor.account;
        match selection {
            KnowledgeSelection::Entry(id) => {
                let deleted = self
                    .store
                    .delete_knowledge_entry(account, &owner, id)
                    .await?;
                if deleted {
                    Ok(())
                } else {
                    Err(ServiceError::not_found("knowledge_entry"))
                }
            }
            KnowledgeSelection::Source(source) => Ok(self
                .store
                .delete_knowledge(account, &owner, Some(source))
                .await?),
            KnowledgeSelection::All => {
                Ok(self.store.delete_knowledge(account, &owner, None).await?)
            }
        }
    }

    /// Finds out whether there is anything for an agent to search: entries of its own, or of its swarm.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn has_entries(&self, agent: &Agent) -> Result<bool, ServiceError> {
        let owner = owner_of(agent);
        let scope = self
            .store
            .knowledge_scope(&agent.account_id, &owner)
            .await?;
        Ok(scope.is_some_and(|scope| scope.entries > 0))
    }

    /// Whose knowledge a target's is.
    async fn owner(
        &self,
        actor: &Actor,
        target: &KnowledgeTarget,
    ) -> Result<KnowledgeOwner, ServiceError> {
        match target {
            KnowledgeTarget::Agent(id) => {
                let agent = self.agents.get(actor, id).await?;
                Ok(owner_of(&agent))
            }
            KnowledgeTarget::Swarm(id) => {
                let swarm = self.store.get_swarm(&actor.account, id).await?;
                let swarm = swarm.ok_or_else(|| ServiceError::not_found("swarm"))?;
                Ok(KnowledgeOwner::Swarm(swarm.id))
            }
        }
    }

    /// The owner's vectors as they are now; `None` where it never had any.
    async fn snapshot(
        &self,
        actor: &Actor,
        owner: &KnowledgeOwner,
    ) -> Result<Option<Arc<Snapshot>>, ServiceError> {
        match self.store.knowledge_scope(&actor.account, owner).await? {
            Some(scope) => Ok(Some(self.cache.at_least(owner, scope).await?)),
            None => Ok(None),
        }
    }

    async fn embed(&self, actor: &Actor, texts: &[String]) -> Result<Vec<Vec<f32>>, ServiceError> {
        // While another machine computes, no processor is kept from others here.
        let _place = match self.embedder.computes_here() {
            true => Some(self.work_place(actor).await?),
            false => None,
        };
        self.embedder.embed(texts).await.map_err(embedding_failed)
    }

    async fn work_place(&self, actor: &Actor) -> Result<Place, ServiceError> {
        self.work.take(&actor.account).await.map_err(|_| busy())
    }
}

/// Whose knowledge an agent uses.
fn owner_of(agent: &Agent) -> KnowledgeOwner {
    match &agent.swarm_id {
        Some(swarm) => KnowledgeOwner::Swarm(swarm.clone()),
        None => KnowledgeOwner::Agent(agent.id.clone()),
    }
}

fn missing(owner: &KnowledgeOwner) -> ServiceError {
    ServiceError::not_found(match owner {
        KnowledgeOwner::Agent(_) => "agent",
        KnowledgeOwner::Swarm(_) => "swarm",
    })
}

fn busy() -> ServiceError {
    ServiceError::unavailable("Too much knowledge is being worked on. Try again soon.")
}

/// What the provider said is the operator's to mend: the log is told.
fn embedding_failed(error: ProviderError) -> ServiceError {
    ServiceError::provider("The server's embedding provider gave no vectors. Try again later.")
        .because(error)
}
