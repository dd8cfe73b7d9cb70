//! What a model is told of a conversation, read within a bound: a run may have said megabytes.

use crate::db::args;
use crate::{Message, Session, Store, StoreError};

/// The latest messages of which the sizes add up to at most `$5`. They are added up before a text is read as a whole. What
/// waits for its turn was not said yet, except to the run `$6`.
const LATEST: &str = "SELECT id, account_id, agent_id, session_id, run_id, role, content, parts, created_at \
     FROM message WHERE id IN \
     (SELECT id FROM (SELECT id, SUM(size) OVER (ORDER BY created_at DESC, id DESC) AS upto FROM \
     (SELECT id, created_at, OCTET_LENGTH(content) + OCTET_LENGTH(parts) AS size FROM message WHERE account_id = $1 \
     AND agent_id = $2 AND session_id = $3 AND (run_id IS NULL OR run_id = $6 \
     OR EXISTS (SELECT 1 FROM run WHERE run.id = message.run_id AND run.ended_at IS NOT NULL)) \
     ORDER BY created_at DESC, id DESC LIMIT $4) AS sizes) AS sums \
     WHERE upto <= $5) ORDER BY created_at, id";

impl Store {
    /// The latest messages of a session with their parts, oldest first: at most `limit`, and at most `bytes` together.
    /// Those of runs that have not ended are left out, but for `run`'s.
    pub async fn conversation(
        &self,
        session: &Session,
        run: Option<&str>,
        limit: i64,
        bytes: i64,
    ) -> Result<Vec<Message>, StoreError> {
        let (account, agent) = (&session.account_id, &session.agent_id);
        self.db
            .all(
                LATEST,
                args![
                    account,
                    agent,
                    &session.id,
                    limit,
                    bytes,
                    run.unwrap_or_default()
                ],
            )
            .await
    }
}
