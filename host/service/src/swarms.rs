//! Swarms: agents that share credentials of model providers.

mod slug;

use serde_json::{Map, Value};
use skillgate_store::{
    NewSwarm, SecretChanges, SecretOwner, Store, Swarm, SwarmAgent, SwarmChanges,
};

use self::slug::slug_of;
use crate::config::{
    MAX_SWARM_CREDENTIAL_BYTES, MAX_SWARM_DESCRIPTION_CHARS, MAX_SWARM_ICON_CHARS,
    MAX_SWARM_NAME_CHARS, MAX_SWARMS_PER_ACCOUNT,
};
use crate::{Actor, Plan, ServiceError, SwarmId, secrets, validate};

/// What a swarm is made of.
#[derive(Debug, Default)]
pub struct CreateSwarm {
    /// 1 to 100 characters.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// An emoji, or the name of an icon.
    pub icon: Option<String>,
}

/// What is to change of a swarm: what is absent stays, `Some(None)` clears.
#[derive(Debug, Default)]
pub struct UpdateSwarm {
    /// A new name; the slug stays.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// A new icon.
    pub icon: Option<Option<String>>,
}

/// A swarm with its counts.
#[derive(Debug, Clone, PartialEq)]
pub struct SwarmOverview {
    /// The swarm, with the number of its agents.
    pub swarm: Swarm,
    /// The valid API keys of its account, each of which can use it.
    pub members: i64,
}

/// A swarm with its agents.
#[derive(Debug, Clone, PartialEq)]
pub struct SwarmDetails {
    /// The swarm.
    pub overview: SwarmOverview,
    /// Its agents, newest first.
    pub agents: Vec<SwarmAgent>,
}

/// Swarms.
pub struct Swarms {
    store: Store,
}

impl Swarms {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Makes a swarm. Its slug is made from its name, and is unique in the account.
    ///
    /// # Errors
    /// `Forbidden` when the plan has no swarms, `Invalid` for a text that is not acceptable, `LimitReached`.
    pub async fn create(
        &self,
        actor: &Actor,
        create: CreateSwarm,
    ) -> Result<SwarmOverview, ServiceError> {
        let plan = Plan::read(&self.store, &actor.account).await?;
        if !plan.allows_swarms {
            return Err(ServiceError::forbidden(format!(
                "The plan {} does not include swarms. Ask the operator of this server for them.",
                plan.name
            )));
        }
        let name = name(&create.name)?;
        let new = NewSwarm {
            slug: slug_of(&name),
            name,
            description: create.description.map(description).transpose()?,
            icon: create.icon.map(icon).transpose()?,
            max_swarms: MAX_SWARMS_PER_ACCOUNT,
        };
        let swarm = self.store.create_swarm(&actor.account, new).await?;
        self.with_members(actor, swarm).await
    }

    /// All swarms of an account, newest first.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<SwarmOverview>, ServiceError> {
        let swarms = self.store.list_swarms(&actor.account).await?;
        let members = self.store.count_api_keys(&actor.account).await?;
        let swarms = swarms.into_iter();
        Ok(swarms
            .map(|swarm| SwarmOverview { swarm, members })
            .collect())
    }

    /// One swarm of an account with its agents; `NotFound` when it has none of this id.
    pub async fn get(&self, actor: &Actor, id: &SwarmId) -> Result<SwarmDetails, ServiceError> {
        let swarm = self.store.get_swarm(&actor.account, id).await?;
        let overview = self.with_members(actor, swarm.ok_or_else(missing)?).await?;
        let agents = self.store.swarm_agents(&actor.account, id).await?;
        Ok(SwarmDetails { overview, agents })
    }

    /// Changes name, description and icon of a swarm; the slug stays as it is.
    pub async fn update(
        &self,
        actor: &Actor,
        id: &SwarmId,
        update: UpdateSwarm,
    ) -> Result<SwarmOverview, ServiceError> {
        let changes = SwarmChanges {
            name: update.name.as_deref().map(name).transpose()?,
            description: clearable(update.description, description)?,
            icon: clearable(update.icon, icon)?,
        };
        let swarm = self.store.update_swarm(&actor.account, id, changes).await?;
        self.with_members(actor, swarm.ok_or_else(missing)?).await
    }

    /// Deletes a swarm with its credentials; its agents are left without one.
    pub async fn delete(&self, actor: &Actor, id: &SwarmId) -> Result<(), ServiceError> {
        let deleted = self.store.delete_swarm(&actor.account, id).await?;
        if deleted { Ok(()) } else { Err(missing()) }
    }

    /// Sets and deletes credentials of model providers, which the swarm's agents use when they have none of their own. They hold
    /// from the next run on, and no skill is given them.
    ///
    /// # Errors
    /// `Invalid` for a name that is not a model provider's credential, or a value that is not acceptable.
    pub async fn set_secrets(
        &self,
        actor: &Actor,
        id: &SwarmId,
        set: &Map<String, Value>,
        delete: &[String],
    ) -> Result<(), ServiceError> {
        let set = secrets::parse(set)?;
        let delete = secrets::parse_deletes(delete)?;
        for name in set.keys().chain(&delete) {
            check_is_credential(name)?;
        }
        for (name, value) in &set {
            check_size(name, value)?;
        }
        let changes = SecretChanges {
            set: secrets::sealed(set),
            delete,
            ..SecretChanges::default()
        };
        let changed = self
            .store
            .set_secrets(&actor.account, SecretOwner::Swarm(id), &changes)
            .await?;
        if changed { Ok(()) } else { Err(missing()) }
    }

    async fn with_members(
        &self,
        actor: &Actor,
        swarm: Swarm,
    ) -> Result<SwarmOverview, ServiceError> {
        let members = self.store.count_api_keys(&actor.account).await?;
        Ok(SwarmOverview { swarm, members })
    }
}

fn name(text: &str) -> Result<String, ServiceError> {
    validate::required("name", text, MAX_SWARM_NAME_CHARS)
}

fn description(text: String) -> Result<String, ServiceError> {
    validate::at_most_chars("description", text, MAX_SWARM_DESCRIPTION_CHARS)
}

fn icon(text: String) -> Result<String, ServiceError> {
    validate::at_most_chars("icon", text, MAX_SWARM_ICON_CHARS)
}

/// A swarm's secrets are its agents', and no skill's: other secrets have no use there.
fn check_is_credential(name: &str) -> Result<(), ServiceError> {
    if secrets::is_provider_credential(name) {
        Ok(())
    } else {
        Err(ServiceError::invalid(format!(
            "secrets.{name}: a swarm holds credentials of model providers alone: anthropicApiKey, openaiApiKey, \
             googleApiKey. Give other secrets to the agent that needs them."
        )))
    }
}

fn check_size(name: &str, value: &str) -> Result<(), ServiceError> {
    if value.len() <= MAX_SWARM_CREDENTIAL_BYTES {
        Ok(())
    } else {
        Err(ServiceError::invalid(format!(
            "secrets.{name}: must have at most {MAX_SWARM_CREDENTIAL_BYTES} bytes."
        )))
    }
}

/// Checks the new text of a field that can be cleared.
fn clearable(
    change: Option<Option<String>>,
    check: fn(String) -> Result<String, ServiceError>,
) -> Result<Option<Option<String>>, ServiceError> {
    change.map(|text| text.map(check).transpose()).transpose()
}

fn missing() -> ServiceError {
    ServiceError::not_found("swarm")
}
