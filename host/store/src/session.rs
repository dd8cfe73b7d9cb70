//! Sessions: conversations of an agent with a peer.

use serde::Serialize;

use crate::db::{Insert, args};
use crate::{Page, Store, StoreError, Timestamp, id};

/// A conversation. Its messages are the context of the next one.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// `sess_…`
    pub id: String,
    /// Whose agent's session it is.
    pub account_id: String,
    /// Who talks.
    pub agent_id: String,
    /// With whom: conversations of different peers never mix.
    pub peer: String,
    /// Shown to people.
    pub name: Option<String>,
    /// The way messages come: `api`, …
    pub channel: String,
    /// Whether it is what the peer talks in when no session is named.
    pub is_default: bool,
    /// When it began.
    pub started_at: Timestamp,
}

/// Selects [`Session`]s.
macro_rules! sessions {
    () => {
        "SELECT id, account_id, agent_id, peer, name, channel, is_default, started_at FROM session"
    };
}

impl Store {
    /// The session in which `peer` talks with an agent when none is named, begun when there is none yet.
    ///
    /// `None` when the account has no such agent. Callers at the same time get the same session.
    pub async fn default_session(
        &self,
        account: &str,
        agent: &str,
        peer: &str,
        channel: &str,
    ) -> Result<Option<Session>, StoreError> {
        if let Some(session) = self.find_default(account, agent, peer).await? {
            return Ok(Some(session));
        }
        let id = id::prefixed("sess");
        let row = Insert::into_table("session")
            .set("id", &id)
            .copy("account_id", "agent.account_id")
            .copy("agent_id", "agent.id")
            .set("peer", peer)
            .set("channel", channel)
            .set("is_default", true)
            .set("started_at", self.now())
            .select_from("agent")
            .only_where("agent.account_id", account)
            .only_where("agent.id", agent)
            .on_conflict("DO NOTHING");
        self.db.insert(row).await?;
        self.find_default(account, agent, peer).await
    }

    /// Begins a session and makes it the peer's default: the context starts afresh. `None` when there is no such agent.
    pub async fn create_session(
        &self,
        account: &str,
        agent: &str,
        peer: &str,
        channel: &str,
    ) -> Result<Option<Session>, StoreError> {
        let session = Session {
            id: id::prefixed("sess"),
            account_id: account.into(),
            agent_id: agent.into(),
            peer: peer.into(),
            name: None,
            channel: channel.into(),
            is_default: true,
            started_at: self.now(),
        };
        let mut tx = self.db.begin().await?;
        // Touching the agent's row makes those who do the same at the same time wait for each other.
        let agents = tx
            .execute(
                "UPDATE agent SET id = id WHERE account_id = $1 AND id = $2",
                args![account, agent],
            )
            .await?;
        if agents == 0 {
            return Ok(None);
        }
        tx.execute(
            "UPDATE session SET is_default = FALSE WHERE agent_id = $1 AND peer = $2 AND is_default",
            args![agent, peer],
        )
        .await?;
        let row = Insert::into_table("session")
            .set("id", &session.id)
            .set("account_id", account)
            .set("agent_id", agent)
            .set("peer", peer)
            .set("channel", channel)
            .set("is_default", session.is_default)
            .set("started_at", session.started_at);
        tx.insert(row).await?;
        tx.commit().await?;
        Ok(Some(session))
    }

    /// One session of an agent.
    pub async fn get_session(
        &self,
        account: &str,
        agent: &str,
        id: &str,
    ) -> Result<Option<Session>, StoreError> {
        self.db
            .optional(
                concat!(
                    sessions!(),
                    " WHERE id = $1 AND agent_id = $2 AND account_id = $3"
                ),
                args![id, agent, account],
            )
            .await
    }

    /// The newest sessions of an agent, newest first.
    pub async fn list_sessions(
        &self,
        account: &str,
        agent: &str,
        limit: i64,
    ) -> Result<Page<Session>, StoreError> {
        let items = self
            .db
            .all(
                concat!(
                    sessions!(),
                    " WHERE agent_id = $1 AND account_id = $2 \
                 ORDER BY started_at DESC, id DESC LIMIT $3"
                ),
                args![agent, account, limit],
            )
            .await?;
        let total = self
            .db
            .count(
                "SELECT COUNT(*) FROM session WHERE agent_id = $1 AND account_id = $2",
                args![agent, account],
            )
            .await?;
        Ok(Page { items, total })
    }

    async fn find_default(
        &self,
        account: &str,
        agent: &str,
        peer: &str,
    ) -> Result<Option<Session>, StoreError> {
        self.db
            .optional(
                concat!(
                    sessions!(),
                    " WHERE agent_id = $1 AND peer = $2 AND is_default AND account_id = $3"
                ),
                args![agent, peer, account],
            )
            .await
    }
}
