//! What was said in a session before, as the model is told it.

use skillgate_agent::Message;
use skillgate_store::{Role, Run, Session, Store};

use crate::ServiceError;
use crate::config::{MAX_HISTORY_BYTES, MAX_HISTORY_MESSAGES};

/// What one run added to a conversation: its question and its answer.
struct Exchange {
    run: Option<String>,
    messages: Vec<Message>,
}

/// The latest of what was said in a session, oldest first, beginning with a message of the user. Messages whose runs still
/// wait for their turn are left out, but for `run`'s own, which comes last.
pub(crate) async fn read(
    store: &Store,
    session: &Session,
    run: Option<&Run>,
) -> Result<Vec<Message>, ServiceError> {
    let own = run.map(|run| run.id.as_str());
    let stored = store
        .conversation(session, own, MAX_HISTORY_MESSAGES, MAX_HISTORY_BYTES)
        .await?;
    let mut exchanges: Vec<Exchange> = Vec::new();
    for message in stored {
        // A message that waited was said before the answer to the one in front of it.
        let same = |one: &&mut Exchange| one.run.is_some() && one.run == message.run_id;
        let messages = said(message.role, message.content, message.parts);
        match exchanges.iter_mut().rev().find(same) {
            Some(exchange) => exchange.messages.extend(messages),
            None => exchanges.push(Exchange {
                run: message.run_id,
                messages,
            }),
        }
    }
    exchanges.sort_by_key(|exchange| own.is_some() && exchange.run.as_deref() == own);
    let messages = exchanges.into_iter().flat_map(|one| one.messages);
    Ok(messages
        .skip_while(|message| !is_from_user(message))
        .collect())
}

fn said(role: Role, content: String, parts: serde_json::Value) -> Vec<Message> {
    match role {
        Role::User => vec![Message::user(content)],
        Role::Assistant => {
            let parts: Option<Vec<Message>> = serde_json::from_value(parts).ok();
            parts.unwrap_or_else(|| vec![Message::assistant(content)])
        }
    }
}

/// Tool results are said by the user's side too, but nothing begins with them.
fn is_from_user(message: &Message) -> bool {
    message.role == skillgate_agent::Role::User && !message.text().is_empty()
}
