//! Agents: made, looked at, started, stopped, deleted.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use moka::future::Cache;
use serde_json::{Map, Value};
use skillgate_agent::{MAX_DOCUMENT_DEPTH, nests_deeper_than};
use skillgate_runtime::LogLevel;
use skillgate_store::{
    Agent, AgentError, AgentStatus, AgentSummary, NewAgent, Page, SecretChanges, SecretLimits,
    SecretText,
};
use tokio_util::sync::CancellationToken;

use crate::service::{secrets, validate};
use crate::{ApiError, App};

/// The most agents of one account.
pub const MAX_AGENTS_PER_ACCOUNT: i64 = 10_000;
/// The most bytes of SOUL.md and of WORKFLOW.md.
const MAX_MARKDOWN_BYTES: usize = 256 << 10;
/// The most bytes of `config` as JSON.
const MAX_CONFIG_BYTES: usize = 64 << 10;
/// The deepest nesting of `config`: what answers wrap around it keeps them within the limit on documents.
const MAX_CONFIG_DEPTH: usize = MAX_DOCUMENT_DEPTH - 4;
/// After this time an agent is looked up again: another process may have changed it.
const CACHE_TTL: Duration = Duration::from_secs(1);
/// Agents remembered at once.
const MAX_CACHED_AGENTS: u64 = 100_000;
/// The name and version of the runtime that runs.
pub(crate) const IMAGE: &str = concat!("skillgate-runtime:", env!("CARGO_PKG_VERSION"));

/// Agents seen lately, and the way to end what they do.
pub(crate) struct Agents {
    seen: Cache<String, Arc<Agent>>,
    running: Mutex<HashMap<String, Weak<CancellationToken>>>,
}

impl Default for Agents {
    fn default() -> Self {
        let seen = Cache::builder()
            .max_capacity(MAX_CACHED_AGENTS)
            .time_to_live(CACHE_TTL)
            .build();
        Self {
            seen,
            running: Mutex::default(),
        }
    }
}

impl Agents {
    /// Cancelled when the agent is stopped or deleted. Each of its runs keeps it until it has ended.
    pub(crate) fn token(&self, agent: &str) -> Arc<CancellationToken> {
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

    fn cancel(&self, agent: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = running.remove(agent).as_ref().and_then(Weak::upgrade) {
            token.cancel();
        }
    }
}

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
}

/// Makes an agent and starts it.
///
/// # Errors
/// 400 for a field that is not acceptable or for want of a credential, 403 `limit_reached`.
pub async fn create(app: &App, account: &str, draft: CreateAgent) -> Result<Agent, ApiError> {
    let name = validate::required("name", &draft.name, 100)?;
    let region = region(draft.region)?;
    let soul_md = validate::bounded(
        "soulMd",
        draft.soul_md.unwrap_or_default(),
        MAX_MARKDOWN_BYTES,
    )?;
    let workflow_md = validate::bounded(
        "workflowMd",
        draft.workflow_md.unwrap_or_default(),
        MAX_MARKDOWN_BYTES,
    )?;
    let config = Value::Object(draft.config);
    if nests_deeper_than(&config, MAX_CONFIG_DEPTH) {
        return Err(ApiError::validation(format!(
            "config: must not be nested more than {MAX_CONFIG_DEPTH} deep."
        )));
    }
    validate::bounded("config", config.to_string(), MAX_CONFIG_BYTES)?;
    let secrets = secrets::parse(&draft.secrets)?;
    app.providers()
        .choose(&config, |name| secrets.contains_key(name))?;
    if app.store().count_agents(account).await?.total >= MAX_AGENTS_PER_ACCOUNT {
        return Err(ApiError::limit_reached(&format!(
            "This account has {MAX_AGENTS_PER_ACCOUNT} agents, the most it may have."
        )));
    }
    let new = NewAgent {
        name,
        region,
        image: IMAGE.to_owned(),
        config,
        soul_md,
        identity_md: String::new(),
        workflow_md,
        status: AgentStatus::Running,
        secrets: sealed(secrets),
    };
    let agent = app.store().create_agent(account, new).await?;
    app.logs().write(
        &(&agent).into(),
        LogLevel::Info,
        "Agent created and started",
    );
    Ok(agent)
}

/// The agent with what its `config` leaves to be chosen: which provider answers, and how it is told who asks. It is not stored,
/// so that an agent that names no provider follows its own credentials and the operator's. Where there is no provider, the next
/// run says why.
async fn resolved(app: &App, mut agent: Agent) -> Result<Agent, ApiError> {
    if !agent.config.is_object() {
        return Ok(agent);
    }
    if agent.config["llmProvider"].is_null() {
        let names = app
            .store()
            .secret_names(&agent.account_id, &agent.id)
            .await?;
        let choice = app.providers().choose(&agent.config, |name| {
            names.iter().any(|known| known == name)
        });
        if let Ok(choice) = choice {
            agent.config["llmProvider"] = choice.name().into();
        }
    }
    if agent.config["authType"].is_null() {
        agent.config["authType"] = "api_key".into();
    }
    Ok(agent)
}

/// At most `limit` agents of an account, newest first, those left out that come before `offset`.
pub async fn list(
    app: &App,
    account: &str,
    limit: i64,
    offset: i64,
) -> Result<Page<AgentSummary>, ApiError> {
    let limit = limit.clamp(0, MAX_AGENTS_PER_ACCOUNT);
    Ok(app.store().list_agents(account, limit, offset).await?)
}

/// One agent of an account, at most a second old; 404 when it has none of this id.
pub async fn get(app: &App, account: &str, id: &str) -> Result<Arc<Agent>, ApiError> {
    if let Some(agent) = app.agents().seen.get(id).await {
        return if agent.account_id == account {
            Ok(agent)
        } else {
            Err(missing())
        };
    }
    if !validate::is_id(id) {
        return Err(missing());
    }
    let agent = app.store().get_agent(account, id).await?;
    let agent = Arc::new(resolved(app, agent.ok_or_else(missing)?).await?);
    app.agents().seen.insert(id.to_owned(), agent.clone()).await;
    Ok(agent)
}

/// As [`get`], and not from memory: a status that is a second old must not make a change look needless.
async fn get_as_stored(app: &App, account: &str, id: &str) -> Result<Agent, ApiError> {
    if !validate::is_id(id) {
        return Err(missing());
    }
    let stored = app.store().get_agent(account, id).await?;
    stored.ok_or_else(missing)
}

/// As [`get`]; 409 unless the agent is running.
pub async fn get_running(app: &App, account: &str, id: &str) -> Result<Arc<Agent>, ApiError> {
    let agent = get(app, account, id).await?;
    match agent.status {
        AgentStatus::Running => Ok(agent),
        status => Err(ApiError::conflict(format!(
            "The agent is not running (its status is {status}). Start it first."
        ))),
    }
}

/// Starts an agent: its skills are verified, compiled and linked before this answers. One that runs is left as it is.
///
/// # Errors
/// 409 when a skill can't run; the agent's `lastError` then says so too.
pub async fn start(app: &App, account: &str, id: &str) -> Result<Agent, ApiError> {
    let agent = get_as_stored(app, account, id).await?;
    match agent.status {
        AgentStatus::Running => Ok(agent),
        AgentStatus::Stopped | AgentStatus::Error => start_anew(app, &agent).await,
    }
}

async fn start_anew(app: &App, agent: &Agent) -> Result<Agent, ApiError> {
    app.loaded_skills().forget(&agent.id).await;
    let stopped = app.agents().token(&agent.id);
    let Err(error) = app.loaded_skills().of_agent(agent).await else {
        let started = set_status(app, agent, AgentStatus::Running, None, "Agent started").await?;
        return unless_stopped(app, started, &stopped).await;
    };
    // The server was too busy to find out: that says nothing of the agent.
    if error.is_unavailable() {
        return Err(error);
    }
    let reason = AgentError {
        category: failure_category(&error).to_owned(),
        message: error.message().to_owned(),
    };
    set_status(
        app,
        agent,
        AgentStatus::Error,
        Some(reason),
        &format!("Agent could not start: {}", error.message()),
    )
    .await?;
    Err(error)
}

/// A stop that came while the skills were loaded found nothing to stop: it holds all the same.
async fn unless_stopped(
    app: &App,
    started: Agent,
    stopped: &CancellationToken,
) -> Result<Agent, ApiError> {
    if !stopped.is_cancelled() {
        return Ok(started);
    }
    set_status(app, &started, AgentStatus::Stopped, None, "Agent stopped").await?;
    Err(ApiError::conflict(
        "The agent was stopped while it was being started.",
    ))
}

/// Whose fault it is that an agent could not start.
fn failure_category(error: &ApiError) -> &'static str {
    match error.is_internal() {
        true => "host",
        false => "skill",
    }
}

/// Stops an agent: what it is doing ends with its next step, and it answers no more. One that is stopped is left as it
/// is.
pub async fn stop(app: &App, account: &str, id: &str) -> Result<Agent, ApiError> {
    let agent = get_as_stored(app, account, id).await?;
    let stopped = match agent.status {
        AgentStatus::Stopped => agent,
        _ => set_status(app, &agent, AgentStatus::Stopped, None, "Agent stopped").await?,
    };
    // Also where it was stopped before: nothing of it may go on after this answer.
    app.agents().cancel(id);
    Ok(stopped)
}

/// Deletes an agent with all its data and secrets, for good.
pub async fn delete(app: &App, account: &str, id: &str) -> Result<(), ApiError> {
    get(app, account, id).await?;
    app.agents().cancel(id);
    // Before the agent itself: when this fails, deleting can be asked for again.
    app.runtime().forget_agent(account, id).await?;
    let deleted = app.store().delete_agent(account, id).await?;
    app.agents().seen.invalidate(id).await;
    app.agents().cancel(id);
    app.loaded_skills().forget(id).await;
    app.logs().wake(id);
    if deleted { Ok(()) } else { Err(missing()) }
}

/// Notes that an agent was changed, for clients that wait for its next start; gives whether it runs. The change holds from
/// the next turn on, started anew or not.
pub(crate) async fn mark_for_restart(app: &App, agent: &Agent) -> Result<bool, ApiError> {
    let store = app.store();
    let runs = store
        .mark_agent_for_restart(&agent.account_id, &agent.id)
        .await?;
    app.agents().seen.invalidate(&agent.id).await;
    Ok(runs)
}

/// Sets and deletes secrets of an agent. They hold from the next turn on. Gives whether the agent is marked for a restart.
pub async fn set_secrets(
    app: &App,
    account: &str,
    id: &str,
    set: &Map<String, Value>,
    delete: &[String],
) -> Result<bool, ApiError> {
    let agent = get(app, account, id).await?;
    let set = secrets::parse(set)?;
    let delete = secrets::parse_deletes(delete)?;
    let names: Vec<String> = set.keys().cloned().collect();
    let changes = SecretChanges {
        set: sealed(set),
        delete,
        most: SecretLimits {
            count: secrets::MAX_SECRETS,
            bytes: secrets::MAX_SECRET_BYTES,
        },
    };
    if !app.store().set_secrets(account, id, &changes).await? {
        return Err(missing());
    }
    let line = format!(
        "Secrets changed: set {}, deleted {}",
        validate::listed(&names),
        validate::listed(&changes.delete)
    );
    app.logs().write(&(&*agent).into(), LogLevel::Info, &line);
    mark_for_restart(app, &agent).await
}

async fn set_status(
    app: &App,
    agent: &Agent,
    status: AgentStatus,
    error: Option<AgentError>,
    line: &str,
) -> Result<Agent, ApiError> {
    let level = if error.is_some() {
        LogLevel::Error
    } else {
        LogLevel::Info
    };
    let changed = app
        .store()
        .set_agent_status(&agent.account_id, &agent.id, status, error)
        .await?;
    app.agents().seen.invalidate(&agent.id).await;
    let changed = changed.ok_or_else(missing)?;
    app.logs().write(&agent.into(), level, line);
    Ok(changed)
}

fn region(given: Option<String>) -> Result<String, ApiError> {
    let region = given.unwrap_or_else(|| "eu".to_owned());
    if matches!(region.as_str(), "eu" | "us") {
        Ok(region)
    } else {
        Err(ApiError::validation("region: must be `eu` or `us`."))
    }
}

fn sealed(secrets: BTreeMap<String, String>) -> BTreeMap<String, SecretText> {
    secrets
        .into_iter()
        .map(|(name, value)| (name, SecretText::new(value)))
        .collect()
}

fn missing() -> ApiError {
    ApiError::not_found("agent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_whose_runs_have_ended_are_forgotten() {
        let agents = Agents::default();
        let runs = agents.token("runs");
        for number in 0..10_000 {
            agents.token(&number.to_string());
        }
        assert!(agents.running.lock().unwrap().len() < 100);
        agents.cancel("runs");
        assert!(runs.is_cancelled() && !agents.token("runs").is_cancelled());
    }
}
