//! Makes tasks, one for what is asked for, and no more than may be.

use super::{NewTask, ONE, Task, TaskLimits, select_tasks};
use crate::db::{Tx, args};
use crate::json_column::storable;
use crate::{Limit, Limited, Store, StoreError, Timestamp, id};

const PENDING: &str = select_tasks!(
    "WHERE account_id = $2 AND kind = $3 AND idempotency_key = $4 AND status = 'pending'"
);

impl Store {
    /// Makes a task, or answers the pending one of the same kind and key as it is. `None` when the account has no such agent.
    ///
    /// # Errors
    /// [`StoreError::LimitReached`] when as many tasks are pending as may be.
    pub async fn create_task(
        &self,
        account: &str,
        new: NewTask,
        limits: TaskLimits,
    ) -> Result<Option<Task>, StoreError> {
        let mut tx = self.db.begin().await?;
        if let Some(agent) = &new.agent_id {
            tx.hold_agent(agent).await?;
        }
        // Two that ask for the same at the same moment come one after the other, and so do two that count.
        tx.hold_account(account).await?;
        let now = self.now();
        close_expired(&mut tx, account, now).await?;
        let key = args![now, account, new.kind.as_str(), &new.idempotency_key];
        if let Some(pending) = tx.optional::<Task>(PENDING, key).await? {
            // What was closed meanwhile stays closed.
            tx.commit().await?;
            return Ok(Some(pending));
        }
        check_pending(&mut tx, account, new.agent_id.as_deref(), limits).await?;
        let id = id::prefixed("task");
        if insert_task(&mut tx, account, &id, &new, now).await? == 0 {
            return Ok(None);
        }
        delete_old_tasks(&mut tx, account, limits.ended_per_account).await?;
        let made = tx.optional(ONE, args![now, account, &id]).await?;
        tx.commit().await?;
        Ok(made)
    }
}

/// Marks pending tasks whose time is over, so that equal ones can be made.
async fn close_expired(tx: &mut Tx, account: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE task SET status = 'expired' WHERE account_id = $1 AND status = 'pending' AND expires_at <= $2",
        args![account, now],
    )
    .await
    .map(drop)
}

async fn check_pending(
    tx: &mut Tx,
    account: &str,
    agent: Option<&str>,
    limits: TaskLimits,
) -> Result<(), StoreError> {
    let counts: Option<(i64, i64)> = tx
        .optional(
            "SELECT COUNT(*), COUNT(CASE WHEN agent_id = $2 THEN 1 END) FROM task \
             WHERE account_id = $1 AND status = 'pending'",
            args![account, agent],
        )
        .await?;
    let (of_account, of_agent) = counts.unwrap_or_default();
    let (agent, account) = (limits.pending_per_agent, limits.pending_per_account);
    Limit::check(Limited::PendingTasksOfAgent, of_agent + 1, agent)?;
    Limit::check(Limited::PendingTasksOfAccount, of_account + 1, account)
}

/// Only where agent and run belong to the account.
async fn insert_task(
    tx: &mut Tx,
    account: &str,
    id: &str,
    new: &NewTask,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO task (id, account_id, agent_id, run_id, kind, status, idempotency_key, subject, reason, \
         created_at, expires_at) \
         SELECT $1, account.id, $3, $4, $5, 'pending', $6, $7, $8, $9, $10 FROM account WHERE account.id = $2 \
         AND ($3 IS NULL OR EXISTS (SELECT 1 FROM agent WHERE agent.id = $3 AND agent.account_id = $2)) \
         AND ($4 IS NULL OR EXISTS (SELECT 1 FROM run WHERE run.id = $4 AND run.account_id = $2))",
        args![
            id,
            account,
            &new.agent_id,
            &new.run_id,
            new.kind.as_str(),
            &new.idempotency_key,
            &new.subject,
            new.reason.as_deref().map(storable).as_deref(),
            now,
            new.expires_at
        ],
    )
    .await
}

async fn delete_old_tasks(tx: &mut Tx, account: &str, kept: i64) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM task WHERE account_id = $1 AND status <> 'pending' AND id NOT IN \
         (SELECT id FROM task WHERE account_id = $1 AND status <> 'pending' ORDER BY created_at DESC, id DESC LIMIT $2)",
        args![account, kept],
    )
    .await
    .map(drop)
}
