//! Agents: started, stopped, deleted.

use skillgate_runtime::LogLevel;
use skillgate_store::{Agent, AgentError, AgentStatus};
use tokio_util::sync::CancellationToken;

use super::{get, get_as_stored, missing};
use crate::{ApiError, App};

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
    app.loaded_skills().invalidate_agent(&agent.id).await;
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
    app.loaded_skills().invalidate_agent(id).await;
    app.logs().wake(id);
    if deleted { Ok(()) } else { Err(missing()) }
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
