//! Agents: made, looked at, changed; `lifecycle` starts, stops and deletes them.

mod lifecycle;
mod running;

pub use lifecycle::{delete, start, stop};
pub(crate) use running::Agents;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use skillgate_agent::{MAX_DOCUMENT_DEPTH, nests_deeper_than};
use skillgate_runtime::LogLevel;
use skillgate_store::{
    Agent, AgentStatus, AgentSummary, NewAgent, Page, SecretChanges, SecretLimits, SecretText,
};

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
/// The name and version of the runtime that runs.
pub(crate) const IMAGE: &str = concat!("skillgate-runtime:", env!("CARGO_PKG_VERSION"));

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
pub async fn create(app: &App, account: &str, create: CreateAgent) -> Result<Agent, ApiError> {
    let name = validate::required("name", &create.name, 100)?;
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
    if nests_deeper_than(&config, MAX_CONFIG_DEPTH) {
        return Err(ApiError::validation(format!(
            "config: must not be nested more than {MAX_CONFIG_DEPTH} deep."
        )));
    }
    validate::bounded("config", config.to_string(), MAX_CONFIG_BYTES)?;
    let secrets = secrets::parse(&create.secrets)?;
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
