//! Agents: made and looked at. `lifecycle` starts, stops and deletes them, `update` changes them, `usage` says what they
//! use; `personality`, `workflow` and `rules` are what they are told.

mod lifecycle;
mod personality;
mod rules;
mod running;
mod update;
mod usage;
mod workflow;

use std::sync::Arc;

use serde_json::{Map, Value};
use skillgate_runtime::{LogLevel, Runtime};

use skillgate_store::{
    Agent, AgentStatus, AgentSummary, NewAgent, Page, SecretChanges, SecretLimits, SecretOwner,
    Store, Swarm,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::personality::identity_md;
pub use self::personality::{Personality, SetPersonality};
pub use self::rules::RuleName;
use self::running::{RunningAgents, SeenAgents, seen_agents};
pub use self::update::UpdateAgent;
use self::update::check_config;
pub use self::usage::{AgentUsage, StatusNow};
use crate::config::{
    MAX_AGENTS_PER_ACCOUNT, MAX_MARKDOWN_BYTES, MAX_NAME_CHARS, MAX_SECRET_BYTES, MAX_SECRETS,
};
use crate::loaded_skills::LoadedSkills;
use crate::logs::Logs;
use crate::{Actor, AgentId, Plan, ProviderConfig, ServiceError, SwarmId, secrets, validate};

/// The name and version of the runtime that runs.
pub const IMAGE: &str = concat!("skillgate-runtime:", env!("CARGO_PKG_VERSION"));

/// What an agent is made of. Not `Debug`: it holds secrets.
#[derive(Default)]
pub struct CreateAgent {
    /// 1 to 100 characters.
    pub name: String,
    /// `eu` or `us`; `eu` when absent.
    pub region: Option<String>,
    /// Credentials, in either spelling of their names.
    pub secrets: Map<String, Value>,
    /// `llmProvider`, `model`, `authType` and whatever else the owner keeps there.
    pub config: Map<String, Value>,
    /// SOUL.md.
    pub soul_md: Option<String>,
    /// WORKFLOW.md.
    pub workflow_md: Option<String>,
    /// The swarm that it joins.
    pub swarm_id: Option<String>,
}

/// Agents.
pub struct Agents {
    store: Store,
    runtime: Runtime,
    providers: Arc<ProviderConfig>,
    loaded_skills: LoadedSkills,
    logs: Logs,
    seen: SeenAgents,
    running: RunningAgents,
}

impl Agents {
    pub(crate) fn new(
        store: Store,
        runtime: Runtime,
        providers: Arc<ProviderConfig>,
        loaded_skills: LoadedSkills,
        logs: Logs,
    ) -> Self {
        Self {
            seen: seen_agents(&store),
            running: RunningAgents::default(),
            store,
            runtime,
            providers,
            loaded_skills,
            logs,
        }
    }

    /// Cancelled when the agent is stopped or deleted. Each of its runs keeps it until it has ended.
    pub(crate) fn token(&self, agent: &str) -> Arc<CancellationToken> {
        self.running.token(agent)
    }

    /// Makes an agent and starts it.
    ///
    /// # Errors
    /// `Invalid` for a field that is not acceptable or for want of a credential, `LimitReached`.
    pub async fn create(&self, actor: &Actor, create: CreateAgent) -> Result<Agent, ServiceError> {
        let name = validate::required("name", &create.name, MAX_NAME_CHARS)?;
        let region = region(create.region)?;
        let soul_md = validate::bounded(
            "soulMd",
            create.soul_md.unwrap_or_default(),
            MAX_MARKDOWN_BYTES,
        )?;
        let workflow_md = validate::bounded(
            "workflowMd",
            create.workflow_md.unwrap_or_default(),
            MAX_MARKDOWN_BYTES,
        )?;
        let config = Value::Object(create.config);
        check_config(&config)?;
        let secrets = secrets::parse(&create.secrets)?;
        let swarm = self
            .swarm_to_join(actor, create.swarm_id.as_deref())
            .await?;
        let swarm_id = swarm.as_ref().map(|swarm| swarm.id.as_str());
        let of_swarm = self.swarm_credentials(&actor.account, swarm_id).await?;
        self.providers.choose(
            &config,
            &[&|name| secrets.contains_key(name), &|name| {
                of_swarm.iter().any(|known| known == name)
            }],
        )?;
        let max_agents = Plan::read(&self.store, &actor.account).await?.max_agents;
        let new = NewAgent {
            name,
            swarm,
            region,
            image: IMAGE.to_owned(),
            config,
            soul_md,
            workflow_md,
            status: AgentStatus::Running,
            secrets: secrets::sealed(secrets),
            max_agents,
        };
        let agent = self.store.create_agent(&actor.account, new).await?;
        self.logs.write(
            &(&agent).into(),
            LogLevel::Info,
            "Agent created and started",
        );
        Ok(agent)
    }

    /// The swarm that an agent is to join; `None` when none is named.
    ///
    /// # Errors
    /// `NotFound` when the account has no such swarm.
    pub(crate) async fn swarm_to_join(
        &self,
        actor: &Actor,
        named: Option<&str>,
    ) -> Result<Option<Swarm>, ServiceError> {
        let Some(named) = named else {
            return Ok(None);
        };
        let id: SwarmId = named.parse()?;
        let swarm = self.store.get_swarm(&actor.account, &id).await?;
        swarm
            .map(Some)
            .ok_or_else(|| ServiceError::not_found("swarm"))
    }

    /// The names of the credentials that the agents of a swarm fall back to.
    async fn swarm_credentials(
        &self,
        account: &str,
        swarm: Option<&str>,
    ) -> Result<Vec<String>, ServiceError> {
        match swarm {
            Some(swarm) => {
                let owner = SecretOwner::Swarm(swarm);
                Ok(self.store.secret_names(account, owner).await?)
            }
            None => Ok(Vec::new()),
        }
    }

    /// The agent with what its `config` leaves to be chosen: which provider answers, and how it is told who asks. It is not stored,
    /// so that an agent that names no provider follows its own credentials and the operator's. Where there is no provider, the next
    /// run says why.
    async fn resolved(&self, mut agent: Agent) -> Result<Agent, ServiceError> {
        if !agent.config.is_object() {
            return Ok(agent);
        }
        if agent.config["llmProvider"].is_null() {
            let names = self
                .store
                .secret_names(&agent.account_id, SecretOwner::Agent(&agent.id))
                .await?;
            let of_swarm = self
                .swarm_credentials(&agent.account_id, agent.swarm_id.as_deref())
                .await?;
            let choice = self.providers.choose(
                &agent.config,
                &[&|name| names.iter().any(|known| known == name), &|name| {
                    of_swarm.iter().any(|known| known == name)
                }],
            );
            if let Ok(kind) = choice {
                agent.config["llmProvider"] = kind.name.into();
            }
        }
        if agent.config["authType"].is_null() {
            agent.config["authType"] = "api_key".into();
        }
        Ok(agent)
    }

    /// At most `limit` agents of an account, newest first, those left out that come before `offset`.
    pub async fn list(
        &self,
        actor: &Actor,
        limit: i64,
        offset: i64,
    ) -> Result<Page<AgentSummary>, ServiceError> {
        let limit = limit.clamp(0, MAX_AGENTS_PER_ACCOUNT);
        Ok(self
            .store
            .list_agents(&actor.account, limit, offset)
            .await?)
    }

    /// One agent of an account, at most a second old; `NotFound` when it has none of this id.
    pub async fn get(&self, actor: &Actor, id: &AgentId) -> Result<Arc<Agent>, ServiceError> {
        if let Some(agent) = self.seen.get(&**id).await {
            return if agent.account_id == *actor.account {
                Ok(agent)
            } else {
                Err(missing())
            };
        }
        let epoch = self.seen.epoch(&**id);
        let agent = self.store.get_agent(&actor.account, id).await?;
        let agent = Arc::new(self.resolved(agent.ok_or_else(missing)?).await?);
        self.seen.insert(id.to_string(), agent.clone(), epoch).await;
        Ok(agent)
    }

    /// As [`Agents::get`], and not from memory: a status that is a second old must not make a change look needless.
    async fn get_as_stored(&self, actor: &Actor, id: &AgentId) -> Result<Agent, ServiceError> {
        let stored = self.store.get_agent(&actor.account, id).await?;
        stored.ok_or_else(missing)
    }

    /// As [`Agents::get`]; `Conflict` unless the agent is running.
    pub async fn get_running(
        &self,
        actor: &Actor,
        id: &AgentId,
    ) -> Result<Arc<Agent>, ServiceError> {
        let agent = self.get(actor, id).await?;
        match agent.status {
            AgentStatus::Running => Ok(agent),
            status => Err(ServiceError::conflict(format!(
                "The agent is not running (its status is {status}). Start it first."
            ))),
        }
    }

    /// Notes that an agent was changed, for clients that wait for its next start; gives whether it runs. The change holds from
    /// the next turn on, started anew or not.
    pub(crate) async fn mark_for_restart(&self, agent: &Agent) -> Result<bool, ServiceError> {
        let store = &self.store;
        let runs = store
            .mark_agent_for_restart(&agent.account_id, &agent.id)
            .await?;
        Ok(runs)
    }

    /// Notes a change of an agent in its log.
    fn note(&self, agent: &Agent, line: &str) {
        self.logs.write(&agent.into(), LogLevel::Info, line);
    }

    /// Sets and deletes secrets of an agent. They hold from the next turn on. Gives whether the agent is marked for a restart.
    pub async fn set_secrets(
        &self,
        actor: &Actor,
        id: &AgentId,
        set: &Map<String, Value>,
        delete: &[String],
    ) -> Result<bool, ServiceError> {
        let agent = self.get(actor, id).await?;
        let set = secrets::parse(set)?;
        let delete = secrets::parse_deletes(delete)?;
        let names: Vec<String> = set.keys().cloned().collect();
        let changes = SecretChanges {
            set: secrets::sealed(set),
            delete,
            most: SecretLimits {
                count: MAX_SECRETS as i64,
                bytes: MAX_SECRET_BYTES as i64,
            },
        };
        let owner = SecretOwner::Agent(id);
        if !self
            .store
            .set_secrets(&actor.account, owner, &changes)
            .await?
        {
            return Err(missing());
        }
        let line = format!(
            "Secrets changed: set {}, deleted {}",
            validate::listed(&names),
            validate::listed(&changes.delete)
        );
        self.logs.write(&(&*agent).into(), LogLevel::Info, &line);
        self.mark_for_restart(&agent).await
    }
}

fn region(given: Option<String>) -> Result<String, ServiceError> {
    let region = given.unwrap_or_else(|| "eu".to_owned());
    if matches!(region.as_str(), "eu" | "us") {
        Ok(region)
    } else {
        Err(ServiceError::invalid("region: must be `eu` or `us`."))
    }
}

fn missing() -> ServiceError {
    ServiceError::not_found("agent")
}
