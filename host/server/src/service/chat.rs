//! Talking with agents.

mod peer;

pub(crate) use peer::state_peer;

use std::time::Duration;

use serde_json::{Map, Value, json};
use skillgate_agent::{EventReceiver, Message};
use skillgate_runtime::{NoPlace, Place};
use skillgate_store::{Agent, History, NewMessage, NewRun, Page, Said, Session, Timestamp};

use crate::run::spawn::{PreparedRun, spawn_run};
use crate::run::{history, prepare};
use crate::service::chat::peer::{Peer, peer};
use crate::service::{agents, validate};
use crate::{ApiError, App};

/// The most characters of a message.
const MAX_MESSAGE_CHARS: usize = 100_000;
/// The most characters of `context` after formatting.
const MAX_CONTEXT_CHARS: usize = 2_000;
/// The most sessions in a list.
pub const MAX_LISTED_SESSIONS: i64 = 100;
/// The way these messages come.
const CHANNEL: &str = "api";

/// A message to an agent.
#[derive(Debug, Default)]
pub struct SendMessage {
    /// What is said.
    pub message: String,
    /// In which session; the peer's default when absent.
    pub session: Option<String>,
    /// Who says it, for the caller's own customers.
    pub peer: Option<String>,
    /// What the agent is told about the conversation: a text, or names and values.
    pub context: Option<Value>,
}

/// A run that has begun.
#[derive(Debug)]
pub struct Running {
    /// Its id.
    pub run: String,
    /// What happens in it; the last is [`Event::Done`](skillgate_agent::Event::Done) or
    /// [`Event::Error`](skillgate_agent::Event::Error).
    pub events: EventReceiver,
    /// The account's place for whoever listens, kept as long as the answer is being sent.
    pub listener: Place,
}

/// Says something to an agent. When this returns, the message is committed and the run has begun; it ends whether or
/// not anybody listens.
///
/// # Errors
/// 400, 404 `agent_not_found` or `session_not_found`, 409 when the agent does not run or too many messages wait in the
/// session, 503 when the server is closing or no place for a run became free.
pub async fn send(
    app: &App,
    account: &str,
    key: &str,
    agent: &str,
    ask: SendMessage,
) -> Result<Running, ApiError> {
    validate::required("message", &ask.message, MAX_MESSAGE_CHARS)?;
    let message = ask.message;
    let context = ask.context.map(format_context).transpose()?;
    let peer = peer(ask.peer, key)?;
    let listener = app.chats().take(account).await.map_err(|_| {
        ApiError::unavailable(
            "Too many messages of this account wait for an answer. Try again when some are answered.",
        )
    })?;
    let agent_now = agents::get_running(app, account, agent).await?;
    let session = session(app, &agent_now, ask.session.as_deref(), &peer).await?;
    let closing = || ApiError::unavailable("The server is shutting down. Try again in a moment.");
    let place = app
        .closing()
        .run_until_cancelled(app.session_queues().enter(&session.id))
        .await
        .ok_or_else(closing)??;
    let run_place = app
        .closing()
        .run_until_cancelled(app.runs().take(account))
        .await
        .ok_or_else(closing)?
        .map_err(|NoPlace(waited)| too_many_runs(waited))?;
    // Before the agent is looked at: a stop that comes after that look must find what it has to end.
    let stopped = app.agents().token(agent);
    // Time may have passed in the line.
    let agent = agents::get_running(app, account, agent).await?;
    let (prepared, mut history) = tokio::try_join!(
        prepare::prepare(app, &agent, &session, context.clone()),
        history::read(app.store(), &session),
    )?;
    history.push(Message::user(message.clone()));
    let app = app.clone();
    // On a task of its own: a caller who hangs up between the two must not leave a run that nobody drives.
    let begun = tokio::spawn(async move {
        let run = create_run(&app, &session, message, context).await?;
        let id = run.id.clone();
        let ready = PreparedRun {
            run,
            agent,
            stopped,
            prepared,
            history,
            steps: Vec::new(),
            place,
            run_place,
        };
        Ok::<_, ApiError>((id, spawn_run(&app, ready)))
    });
    let (run, events) = begun.await.map_err(ApiError::internal)??;
    Ok(Running {
        run,
        events,
        listener,
    })
}

fn too_many_runs(waited: Duration) -> ApiError {
    ApiError::unavailable(format!(
        "Too many runs are under way; no place became free within {} s. Try again soon.",
        waited.as_secs()
    ))
}

/// What was said, oldest first: the latest `limit` messages, of one session or all, after `since`; fewer where they are
/// too long for one answer.
pub async fn read(
    app: &App,
    account: &str,
    agent: &str,
    session: Option<&str>,
    since: Option<Timestamp>,
    limit: i64,
) -> Result<Page<Said>, ApiError> {
    let bytes = app.limits().pages.messages;
    let agent = agents::get(app, account, agent).await?;
    if let Some(session) = session {
        find_session(app, &agent, session).await?;
    }
    Ok(app
        .store()
        .said(
            account,
            &agent.id,
            History {
                session,
                since,
                limit,
            },
            bytes,
        )
        .await?)
}

/// The latest sessions of an agent, newest first.
pub async fn sessions(app: &App, account: &str, agent: &str) -> Result<Page<Session>, ApiError> {
    let agent = agents::get(app, account, agent).await?;
    Ok(app
        .store()
        .list_sessions(account, &agent.id, MAX_LISTED_SESSIONS)
        .await?)
}

/// Begins a session, which is the peer's default from now on: the context starts afresh.
pub async fn open(
    app: &App,
    account: &str,
    key: &str,
    agent: &str,
    peer_id: Option<String>,
) -> Result<Session, ApiError> {
    let agent = agents::get(app, account, agent).await?;
    let session = app
        .store()
        .create_session(account, &agent.id, &peer(peer_id, key)?.name, CHANNEL)
        .await?;
    session.ok_or_else(|| ApiError::not_found("agent"))
}

async fn create_run(
    app: &App,
    session: &Session,
    message: String,
    context: Option<String>,
) -> Result<skillgate_store::Run, ApiError> {
    let new = NewRun {
        agent_id: session.agent_id.clone(),
        session_id: session.id.clone(),
        request: json!({ "context": context }),
        message: NewMessage::text(message),
    };
    app.store()
        .create_run(&session.account_id, new)
        .await?
        .ok_or_else(|| ApiError::not_found("session"))
}

/// The session that is named, or the one in which this peer talks when none is.
async fn session(
    app: &App,
    agent: &Agent,
    named: Option<&str>,
    peer: &Peer,
) -> Result<Session, ApiError> {
    let Some(id) = named else {
        let session = app
            .store()
            .default_session(&agent.account_id, &agent.id, &peer.name, CHANNEL)
            .await?;
        return session.ok_or_else(|| ApiError::not_found("agent"));
    };
    let session = find_session(app, agent, id).await?;
    // A customer of the caller never gets into another's conversation, not even by naming it.
    if peer.is_named && session.peer != peer.name {
        Err(ApiError::not_found("session"))
    } else {
        Ok(session)
    }
}

async fn find_session(app: &App, agent: &Agent, id: &str) -> Result<Session, ApiError> {
    let session = if validate::is_id(id) {
        app.store()
            .get_session(&agent.account_id, &agent.id, id)
            .await?
    } else {
        None
    };
    session.ok_or_else(|| ApiError::not_found("session"))
}

/// `context` as the agent sees it: a text as it is, an object as one line for each name.
fn format_context(context: Value) -> Result<String, ApiError> {
    let formatted = match context {
        Value::String(text) => text,
        Value::Object(fields) => lines(&fields),
        _ => {
            return Err(ApiError::validation(
                "context: must be a text or an object.",
            ));
        }
    };
    let length = formatted.chars().count();
    if length <= MAX_CONTEXT_CHARS {
        return Ok(formatted);
    }
    Err(ApiError::validation(format!(
        "context: has {length} characters after formatting; {MAX_CONTEXT_CHARS} are allowed."
    )))
}

fn lines(fields: &Map<String, Value>) -> String {
    let line = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    fields.iter().map(line).collect::<Vec<String>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_a_text_or_lines() {
        assert_eq!(format_context(json!("hi")).unwrap(), "hi");
        assert_eq!(
            format_context(json!({ "name": "Alice", "seats": 3 })).unwrap(),
            "name: Alice\nseats: 3"
        );
        assert!(format_context(json!(["x"])).is_err());
    }

    #[test]
    fn context_is_bounded_in_characters() {
        assert!(format_context(json!("é".repeat(2_000))).is_ok());
        assert!(format_context(json!("é".repeat(2_001))).is_err());
    }
}
