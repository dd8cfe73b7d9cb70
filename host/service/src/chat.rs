//! Talking with agents.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use skillgate_agent::Message;
use skillgate_runtime::Place;
use skillgate_store::{
    Agent, History, NewMessage, NewRun, Page, Run, Said, Session, Store, Timestamp,
};

use crate::agents::Agents;
use crate::config::{MAX_CONTEXT_CHARS, MAX_LISTED_SESSIONS, MAX_MESSAGE_CHARS};
use crate::peer::{Peer, peer};
use crate::places::WorkInProgress;
use crate::run::event::Position;
use crate::run::listener::RunListener;
use crate::run::session_queue::{SessionPermit, SessionTicket};
use crate::run::spawn::PreparedRun;
use crate::run::{RunDriver, history};
use crate::{Actor, AgentId, ServiceError, SessionId, validate};

/// The way these messages come.
const CHANNEL: &str = "api";

/// A message to an agent.
#[derive(Debug, Default)]
pub struct SendMessage {
    /// What is said.
    pub message: String,
    /// In which session; the peer's default when absent.
    pub session: Option<SessionId>,
    /// Who says it, for the caller's own customers.
    pub peer: Option<String>,
    /// What the agent is told about the conversation: a text, or names and values.
    pub context: Option<Value>,
}

/// A message that was checked, in its session, with the place of who listens for the answer.
struct CheckedMessage {
    session: Session,
    message: String,
    context: Option<String>,
    listener: Place,
}

/// Messages and sessions.
pub struct Chat {
    store: Store,
    agents: Arc<Agents>,
    driver: Arc<RunDriver>,
    places: Arc<WorkInProgress>,
    max_history_bytes: i64,
}

impl Chat {
    /// `max_history_bytes` bounds the messages in one answer.
    pub(crate) fn new(
        store: Store,
        agents: Arc<Agents>,
        driver: Arc<RunDriver>,
        places: Arc<WorkInProgress>,
        max_history_bytes: i64,
    ) -> Self {
        Self {
            store,
            agents,
            driver,
            places,
            max_history_bytes,
        }
    }

    /// Says something to an agent. When this returns, the message is committed and its run goes on, or waits for its turn in
    /// the session; it ends whether or not anybody listens.
    ///
    /// # Errors
    /// `Invalid`, `NotFound`, `Conflict` when the agent does not run or too many messages wait in the
    /// session, `Unavailable` when the server is closing or no place for a run became free.
    pub async fn send(
        &self,
        actor: &Actor,
        agent: &AgentId,
        ask: SendMessage,
    ) -> Result<RunListener, ServiceError> {
        validate::required("message", &ask.message, MAX_MESSAGE_CHARS)?;
        let context = ask.context.map(format_context).transpose()?;
        let peer = peer(ask.peer, &actor.key)?;
        let listener = self.places.chats.take(&actor.account).await.map_err(|_| {
        ServiceError::unavailable(
            "Too many messages of this account wait for an answer. Try again when some are answered.",
        )
    })?;
        let agent_now = self.agents.get_running(actor, agent).await?;
        let session = self
            .session(&agent_now, ask.session.as_ref(), &peer)
            .await?;
        let said = CheckedMessage {
            session,
            message: ask.message,
            context,
            listener,
        };
        match self
            .driver
            .session_queues
            .join(&said.session.id)?
            .try_enter()
        {
            Ok(permit) => self.begin(actor, agent, said, permit).await,
            Err(ticket) => self.queue(said, ticket).await,
        }
    }

    /// Begins to answer a message whose turn it is: what can't be prepared fails before anything is committed.
    async fn begin(
        &self,
        actor: &Actor,
        agent: &AgentId,
        said: CheckedMessage,
        permit: SessionPermit,
    ) -> Result<RunListener, ServiceError> {
        let session = &said.session;
        let places = self.driver.places_for(session, permit).await?;
        // Before the agent is looked at: a stop that comes after that look must find what it has to end.
        let stopped = self.agents.token(agent);
        // Time may have passed in the line.
        let agent = self.agents.get_running(actor, agent).await?;
        let (prepared, mut history) = tokio::try_join!(
            self.driver.prepare(&agent, session, said.context.clone()),
            history::read(&self.store, session, None),
        )?;
        history.push(Message::user(said.message.clone()));
        let (store, driver) = (self.store.clone(), self.driver.clone());
        // On a task of its own: a caller who hangs up between the two must not leave a run that nobody drives.
        let begun = tokio::spawn(async move {
            let run = create_run(&store, &said.session, said.message, said.context).await?;
            let listener = driver.listen(&run, Position::default(), said.listener);
            driver.spawn(PreparedRun {
                run,
                agent,
                stopped,
                prepared,
                history,
                steps: Vec::new(),
                places,
            });
            Ok::<_, ServiceError>(listener)
        });
        begun.await.map_err(ServiceError::internal)?
    }

    /// Commits a message that waits behind others of its session. What can't be prepared when its turn comes ends its run with
    /// an error.
    async fn queue(
        &self,
        said: CheckedMessage,
        ticket: SessionTicket,
    ) -> Result<RunListener, ServiceError> {
        let (store, driver) = (self.store.clone(), self.driver.clone());
        // On a task of its own, as above.
        let queued = tokio::spawn(async move {
            let run = create_run(&store, &said.session, said.message, said.context).await?;
            let listener = driver.listen(&run, Position::default(), said.listener);
            driver.spawn_queued(run, ticket);
            Ok::<_, ServiceError>(listener)
        });
        queued.await.map_err(ServiceError::internal)?
    }

    /// What was said, oldest first: the latest `limit` messages, of one session or all, after `since`; fewer where they are
    /// too long for one answer.
    pub async fn read(
        &self,
        actor: &Actor,
        agent: &AgentId,
        session: Option<&SessionId>,
        since: Option<Timestamp>,
        limit: i64,
    ) -> Result<Page<Said>, ServiceError> {
        let bytes = self.max_history_bytes;
        let agent = self.agents.get(actor, agent).await?;
        if let Some(session) = session {
            self.find_session(&agent, session).await?;
        }
        Ok(self
            .store
            .said(
                &actor.account,
                &agent.id,
                History {
                    session: session.map(|id| &**id),
                    since,
                    limit,
                },
                bytes,
            )
            .await?)
    }

    /// The latest sessions of an agent, newest first.
    pub async fn sessions(
        &self,
        actor: &Actor,
        agent: &AgentId,
    ) -> Result<Page<Session>, ServiceError> {
        let agent = self.agents.get(actor, agent).await?;
        Ok(self
            .store
            .list_sessions(&actor.account, &agent.id, MAX_LISTED_SESSIONS)
            .await?)
    }

    /// Begins a session, which is the peer's default from now on: the context starts afresh.
    pub async fn open(
        &self,
        actor: &Actor,
        agent: &AgentId,
        peer_id: Option<String>,
    ) -> Result<Session, ServiceError> {
        let agent = self.agents.get(actor, agent).await?;
        let session = self
            .store
            .create_session(
                &actor.account,
                &agent.id,
                &peer(peer_id, &actor.key)?.name,
                CHANNEL,
            )
            .await?;
        session.ok_or_else(|| ServiceError::not_found("agent"))
    }

    /// The session that is named, or the one in which this peer talks when none is.
    async fn session(
        &self,
        agent: &Agent,
        named: Option<&SessionId>,
        peer: &Peer,
    ) -> Result<Session, ServiceError> {
        let Some(id) = named else {
            let session = self
                .store
                .default_session(&agent.account_id, &agent.id, &peer.name, CHANNEL)
                .await?;
            return session.ok_or_else(|| ServiceError::not_found("agent"));
        };
        let session = self.find_session(agent, id).await?;
        // A customer of the caller never gets into another's conversation, not even by naming it.
        if peer.is_named && session.peer != peer.name {
            Err(ServiceError::not_found("session"))
        } else {
            Ok(session)
        }
    }

    async fn find_session(&self, agent: &Agent, id: &SessionId) -> Result<Session, ServiceError> {
        let session = self
            .store
            .get_session(&agent.account_id, &agent.id, id)
            .await?;
        session.ok_or_else(|| ServiceError::not_found("session"))
    }
}

async fn create_run(
    store: &Store,
    session: &Session,
    message: String,
    context: Option<String>,
) -> Result<Run, ServiceError> {
    let new = NewRun {
        agent_id: session.agent_id.clone(),
        session_id: session.id.clone(),
        request: json!({ "context": context }),
        message: NewMessage::text(message),
    };
    store
        .create_run(&session.account_id, new)
        .await?
        .ok_or_else(|| ServiceError::not_found("session"))
}

/// `context` as the agent sees it: a text as it is, an object as one line for each name.
fn format_context(context: Value) -> Result<String, ServiceError> {
    let formatted = match context {
        Value::String(text) => text,
        Value::Object(fields) => lines(&fields),
        _ => {
            return Err(ServiceError::invalid(
                "context: must be a text or an object.",
            ));
        }
    };
    let length = formatted.chars().count();
    if length <= MAX_CONTEXT_CHARS {
        return Ok(formatted);
    }
    Err(ServiceError::invalid(format!(
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
