//! The secrets that one run may use, read once when it begins.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use skillgate_agent::Redactor;
use skillgate_runtime::{Secret, SecretSource};
use skillgate_store::{Agent, SecretOwner, SecretText, Store};

use crate::ServiceError;
use crate::secrets::is_platform;

/// The most bytes of values of which a redactor is built in place: about half a millisecond.
const INLINE_BYTES: usize = 512;

/// An agent's secrets and its swarm's credentials, decrypted.
pub(crate) struct Secrets {
    values: HashMap<String, Secret>,
    /// The swarm's credentials of model providers, which no skill is given.
    swarm: HashMap<String, Secret>,
    redactor: Arc<Redactor>,
}

impl Secrets {
    /// Reads all secrets of an agent and of its swarm. The operator's own keys are none of them, and must not leave either.
    pub(crate) async fn read(
        store: &Store,
        agent: &Agent,
        operators: impl Iterator<Item = Secret>,
    ) -> Result<Self, ServiceError> {
        let account = agent.account_id.as_str();
        let values = by_name(
            store
                .secrets(account, SecretOwner::Agent(&agent.id))
                .await?,
        );
        let swarm = match &agent.swarm_id {
            Some(swarm) => by_name(store.secrets(account, SecretOwner::Swarm(swarm)).await?),
            None => HashMap::new(),
        };
        let known = values.values().chain(swarm.values()).cloned();
        let redactor = Arc::new(redactor(known.chain(operators).collect()).await?);
        Ok(Self {
            values,
            swarm,
            redactor,
        })
    }

    /// The credential of this name: the agent's own, else its swarm's.
    pub(crate) fn credential(&self, name: &str) -> Option<&Secret> {
        self.values.get(name).or_else(|| self.swarm.get(name))
    }

    /// Whether the agent has a secret of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether the agent's swarm has a credential of this name.
    pub(crate) fn swarm_has(&self, name: &str) -> bool {
        self.swarm.contains_key(name)
    }

    /// What takes the values out of texts that leave.
    pub(crate) fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }
}

fn by_name(stored: BTreeMap<String, SecretText>) -> HashMap<String, Secret> {
    let stored = stored.into_iter();
    stored
        .map(|(name, value)| (name, Secret::new(value.expose())))
        .collect()
}

/// Builds a redactor, off the threads that serve requests when there is much to know.
async fn redactor(values: Vec<Secret>) -> Result<Redactor, ServiceError> {
    let bytes: usize = values.iter().map(|value| value.expose().len()).sum();
    let build = move || Redactor::new(values.iter().flat_map(|value| spelt(value.expose())));
    if bytes <= INLINE_BYTES {
        return Ok(build());
    }
    let built = tokio::task::spawn_blocking(build).await;
    built.map_err(ServiceError::internal)
}

/// A value as it was sent, and as a header carries it: a key in a file ends in a line feed.
fn spelt(value: &str) -> impl Iterator<Item = &str> {
    let in_header = value.trim();
    let also = (in_header != value).then_some(in_header);
    std::iter::once(value).chain(also)
}

/// What skills may be given: all but the credentials that are the agent's own, for models and channels.
#[async_trait]
impl SecretSource for Secrets {
    async fn exists(&self, name: &str) -> bool {
        !is_platform(name) && self.has(name)
    }

    async fn value(&self, name: &str) -> Option<Secret> {
        self.values
            .get(name)
            .filter(|_| !is_platform(name))
            .cloned()
    }
}
