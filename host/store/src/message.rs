//! Messages: what was said, in the order in which it was said.

use serde::Serialize;
use serde_json::Value;

use crate::db::args;
use crate::json_column::{JsonOrNote, words};
use crate::{Store, StoreError, Timestamp};

words! {
    /// Who said it.
    Role {
        /// The peer.
        User = "user",
        /// The agent.
        Assistant = "assistant",
    }
}

/// A message of a session.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// UUID.
    pub id: String,
    /// Whose agent's message it is.
    pub account_id: String,
    /// The agent.
    pub agent_id: String,
    /// The conversation.
    pub session_id: String,
    /// The run that it began or that said it.
    pub run_id: Option<String>,
    /// Who said it.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Its text.
    pub content: String,
    /// The same in parts, as the loop has it; `null` when it is only text, `{"unreadable": "why"}` when it can't be read.
    #[sqlx(try_from = "JsonOrNote")]
    pub parts: Value,
    /// When it was said.
    pub created_at: Timestamp,
}

/// A message to be kept with a run.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Its text.
    pub content: String,
    /// The same in parts, as the loop has it; `null` when it is only text.
    pub parts: Value,
}

impl NewMessage {
    /// A message that is only text.
    pub fn text(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            parts: Value::Null,
        }
    }
}

/// Which messages of an agent to read.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// Only this session.
    pub session: Option<&'a str>,
    /// Only what was said after this time.
    pub since: Option<Timestamp>,
    /// At most so many: the latest.
    pub limit: i64,
}

impl History<'_> {
    fn since(&self) -> Timestamp {
        self.since.unwrap_or(Timestamp::from_micros(i64::MIN))
    }
}

/// How many messages there are, for each shape of [`History`]: two texts and not one with `$n IS NULL OR`, so that each
/// has an index to walk.
const COUNT_OF_SESSION: &str = "SELECT COUNT(*) FROM message WHERE account_id = $1 AND agent_id = $2 \
     AND created_at > $3 AND session_id = $4";
const COUNT_OF_AGENT: &str =
    "SELECT COUNT(*) FROM message WHERE account_id = $1 AND agent_id = $2 AND created_at > $3";

impl Store {
    /// How many messages `session` and `since` admit.
    pub(crate) async fn count_messages(
        &self,
        account: &str,
        agent: &str,
        query: History<'_>,
    ) -> Result<i64, StoreError> {
        let since = query.since();
        match query.session {
            Some(session) => {
                self.db
                    .count(COUNT_OF_SESSION, args![account, agent, since, session])
                    .await
            }
            None => {
                self.db
                    .count(COUNT_OF_AGENT, args![account, agent, since])
                    .await
            }
        }
    }
}
