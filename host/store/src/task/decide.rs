//! Decides tasks, each once.

use super::{Decision, NewTask, ONE, Task, TaskStatus};
use crate::db::{Tx, args};
use crate::json_column::storable;
use crate::{Conflict, Store, StoreError, Timestamp};

impl Store {
    /// Decides a pending task. `None` when the account has no such task.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it was decided already or is expired.
    pub async fn decide_task(
        &self,
        account: &str,
        id: &str,
        decision: &Decision,
    ) -> Result<Option<Task>, StoreError> {
        let mut tx = self.db.begin().await?;
        let decided = decide(&mut tx, self.now(), account, id, decision).await?;
        tx.commit().await?;
        Ok(decided)
    }
}

/// Decides a pending task within a transaction that does what the decision stands for: of several that decide, one wins.
pub(crate) async fn decide(
    tx: &mut Tx,
    now: Timestamp,
    account: &str,
    id: &str,
    decision: &Decision,
) -> Result<Option<Task>, StoreError> {
    let decided = tx
        .execute(
            "UPDATE task SET status = $3, decided_at = $4, decided_by = $5, decision_reason = $6 \
             WHERE account_id = $1 AND id = $2 AND status = 'pending' AND expires_at > $4",
            args![
                account,
                id,
                decision.status.as_str(),
                now,
                &decision.decided_by,
                decision.reason.as_deref().map(storable).as_deref()
            ],
        )
        .await?;
    let task: Option<Task> = tx.optional(ONE, args![now, account, id]).await?;
    match task {
        Some(task) if decided == 0 => Err(already(&task)),
        task => Ok(task),
    }
}

/// Ends what waits for consent to put a skill on an agent, within a transaction that changes what is there: what was shown does not
/// hold any more.
pub(crate) async fn end_consents(
    tx: &mut Tx,
    now: Timestamp,
    agent: &str,
    skill_id: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE task SET expires_at = $3 WHERE agent_id = $1 AND kind = 'consent' AND status = 'pending' \
         AND expires_at > $3 AND idempotency_key LIKE $2",
        args![agent, &consent_key(agent, skill_id, "%"), now],
    )
    .await
    .map(drop)
}

/// What identifies a consent: the agent, the skill, and what of it is to take which place.
pub(crate) fn consent_key(agent: &str, skill_id: &str, change: &str) -> String {
    format!("{agent}/{skill_id}/{change}")
}

impl NewTask {
    /// The key of a consent to put one version of a skill in the place of another on an agent, by their UUIDs.
    pub fn consent_key(agent: &str, skill_id: &str, replaced: &str, version: &str) -> String {
        consent_key(agent, skill_id, &format!("{replaced}/{version}"))
    }
}

fn already(task: &Task) -> StoreError {
    let conflict = match task.status {
        TaskStatus::Expired => Conflict::TaskExpired(task.expires_at),
        status => Conflict::TaskDecided(status.as_str()),
    };
    conflict.into()
}
