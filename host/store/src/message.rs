//! Messages: what was said, in the order in which it was said.

use serde::Serialize;
use serde_json::Value;

use crate::db::{Tx, args};
use crate::run::Run;
use crate::text::{JsonOrNote, storable, words};
use crate::{Page, Store, StoreError, Timestamp, id};

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

    fn statements(&self) -> &'static Statements {
        match self.session {
            Some(_) => &OF_SESSION,
            None => &OF_AGENT,
        }
    }
}

/// The most bytes of text in one page of a history: what is older is left out of it. A page is held in memory twice.
const MAX_PAGE_BYTES: i64 = 8 << 20;

/// Statements for one shape of [`History`]: the rows, and how many there are in all.
/// Two texts and not one with `$n IS NULL OR`, so that each shape has an index to walk.
struct Statements {
    /// With the parts of each message.
    whole: &'static str,
    /// Only the texts.
    texts: &'static str,
    count: &'static str,
}

/// The latest messages of which `$filter` is true, at most `$4` of them, and of those the newest of which `$size` adds up
/// to at most `$5`. Sizes are added up before a row is read as a whole.
macro_rules! latest {
    ($filter:literal, $size:literal, $parts:literal, $always:literal) => {
        concat!(
            "SELECT message.id, account_id, agent_id, session_id, run_id, role, content, ",
            $parts,
            " AS parts, message.created_at FROM message JOIN (SELECT id, size, \
               SUM(size) OVER (ORDER BY created_at DESC, id DESC) AS total FROM (SELECT id, created_at, ",
            $size,
            " AS size FROM message WHERE account_id = $1 AND agent_id = $2 AND created_at > $3 ",
            $filter,
            " ORDER BY created_at DESC, id DESC LIMIT $4) AS latest) AS sized ON sized.id = message.id \
             WHERE sized.total <= $5 ",
            $always,
            " ORDER BY message.created_at, message.id",
        )
    };
}

const OF_SESSION: Statements = Statements {
    whole: latest!(
        "AND session_id = $6",
        "LENGTH(content) + LENGTH(parts)",
        "parts",
        ""
    ),
    texts: latest!(
        "AND session_id = $6",
        "LENGTH(content)",
        "'null'",
        "OR sized.total = sized.size"
    ),
    count: "SELECT COUNT(*) FROM message WHERE account_id = $1 AND agent_id = $2 AND created_at > $3 \
            AND session_id = $4",
};

const OF_AGENT: Statements = Statements {
    whole: latest!("", "LENGTH(content) + LENGTH(parts)", "parts", ""),
    texts: latest!(
        "",
        "LENGTH(content)",
        "'null'",
        "OR sized.total = sized.size"
    ),
    count: "SELECT COUNT(*) FROM message WHERE account_id = $1 AND agent_id = $2 AND created_at > $3",
};

impl Store {
    /// The latest messages of an agent, oldest first, without their parts; `total` counts all that `session` and `since`
    /// admit. Of very long ones fewer than `limit`: at most 8 MiB, but always the
    /// newest.
    pub async fn history(
        &self,
        account: &str,
        agent: &str,
        query: History<'_>,
    ) -> Result<Page<Message>, StoreError> {
        let statements = query.statements();
        let items = self.page(account, agent, query, statements.texts, MAX_PAGE_BYTES);
        let items = items.await?;
        let since = query.since();
        let total = match query.session {
            Some(session) => {
                self.db
                    .count(statements.count, args![account, agent, since, session])
                    .await?
            }
            None => {
                self.db
                    .count(statements.count, args![account, agent, since])
                    .await?
            }
        };
        Ok(Page { items, total })
    }

    /// The latest messages of an agent, oldest first, with their parts: at most `bytes` of both (as
    /// characters; what is not ASCII has up to four times as many bytes).
    pub async fn latest_messages(
        &self,
        account: &str,
        agent: &str,
        query: History<'_>,
        bytes: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let rows = query.statements().whole;
        self.page(account, agent, query, rows, bytes).await
    }

    async fn page(
        &self,
        account: &str,
        agent: &str,
        query: History<'_>,
        rows: &'static str,
        bytes: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let (since, limit) = (query.since(), query.limit);
        match query.session {
            Some(session) => {
                let args = args![account, agent, since, limit, bytes, session];
                self.db.all(rows, args).await
            }
            None => {
                let args = args![account, agent, since, limit, bytes];
                self.db.all(rows, args).await
            }
        }
    }
}

/// Adds a message of a run within a transaction.
pub(crate) async fn insert_message(
    store: &Store,
    tx: &mut Tx,
    run: &Run,
    role: Role,
    new: &NewMessage,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO message (id, account_id, agent_id, session_id, run_id, role, content, parts, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            &id::new(),
            &run.account_id,
            &run.agent_id,
            &run.session_id,
            &run.id,
            role.as_str(),
            storable(&new.content),
            &new.parts,
            store.now()
        ],
    )
    .await?;
    Ok(())
}
