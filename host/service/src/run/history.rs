//! What was said in a session before, as the model is told it.

use skillgate_agent::Message;
use skillgate_store::{Role, Session, Store};

use crate::ServiceError;
use crate::config::{MAX_HISTORY_BYTES, MAX_HISTORY_MESSAGES};

/// The latest of what was said in a session, oldest first, beginning with a message of the user.
pub(crate) async fn read(store: &Store, session: &Session) -> Result<Vec<Message>, ServiceError> {
    let stored = store
        .conversation(session, MAX_HISTORY_MESSAGES, MAX_HISTORY_BYTES)
        .await?;
    let mut exchanges: Vec<Vec<Message>> = Vec::new();
    for message in stored.into_iter().rev() {
        let parts: Option<Vec<Message>> = serde_json::from_value(message.parts).ok();
        exchanges.push(match message.role {
            Role::User => vec![Message::user(message.content)],
            Role::Assistant => parts.unwrap_or_else(|| vec![Message::assistant(message.content)]),
        });
    }
    let mut messages: Vec<Message> = exchanges.into_iter().rev().flatten().collect();
    let first = messages
        .iter()
        .position(is_from_user)
        .unwrap_or(messages.len());
    Ok(messages.split_off(first))
}

/// Tool results are said by the user's side too, but nothing begins with them.
fn is_from_user(message: &Message) -> bool {
    message.role == skillgate_agent::Role::User && !message.text().is_empty()
}
