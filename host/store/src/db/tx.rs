//! Transactions.

use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, Sqlite, Transaction};

use super::arg::bound;
use super::{Arg, Insert, Record, args};
use crate::StoreError;
use crate::change::{Change, PendingChanges};

/// A transaction that writes: what several verbs do in it happens together or not at all. Dropped without
/// [`Tx::commit`], none of it happened.
///
/// Made by [`Store::begin`](crate::Store::begin). It is the only writer of a SQLite database: await nothing in it but
/// verbs that take it. Any other verb that writes would wait for it to end, in vain.
pub struct Tx {
    connection: Connection,
    changes: PendingChanges,
}

/// The transaction of either database.
pub(crate) enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn new(connection: Connection, changes: PendingChanges) -> Self {
        Self {
            connection,
            changes,
        }
    }

    /// Commits. When this returns, a crash of the process or of the machine loses nothing of it, and listeners to
    /// [changes](Change) have been told.
    ///
    /// # Errors
    /// [`StoreError::Database`]; whether it was committed is then unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self {
            connection,
            changes: _announced_when_dropped,
        } = self;
        match connection {
            Connection::Sqlite(tx) => tx.commit().await?,
            Connection::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Keeps an agent from being deleted until the transaction ends. Required before anything that belongs to the agent is
    /// changed: deleting locks the agent's row and then the rows below it. A transaction that locked one below first and
    /// then needed the agent, as every foreign key does, would wait in a circle with it.
    ///
    /// SQLite has one writer and needs no lock on a row. An agent that does not exist is no error here.
    pub async fn hold_agent(&mut self, agent: &str) -> Result<(), StoreError> {
        let hold = "SELECT id FROM agent WHERE id = $1 FOR KEY SHARE";
        self.lock_row(hold, agent).await
    }

    /// As [`Tx::hold_agent`], for a swarm and what belongs to it.
    pub async fn hold_swarm(&mut self, swarm: &str) -> Result<(), StoreError> {
        let hold = "SELECT id FROM swarm WHERE id = $1 FOR KEY SHARE";
        self.lock_row(hold, swarm).await
    }

    /// As [`Tx::hold_agent`], and makes transactions that do the same wait for each other: required where a decision depends on
    /// which skills are on the agent. Taken at once, and not after the weaker lock: a deletion may wait between the two.
    pub(crate) async fn hold_agent_alone(&mut self, agent: &str) -> Result<(), StoreError> {
        let hold = "SELECT id FROM agent WHERE id = $1 FOR NO KEY UPDATE";
        self.lock_row(hold, agent).await
    }

    /// Keeps a skill from being deleted until the transaction ends. Required before it is looked up to be put on an agent.
    pub async fn hold_skill(&mut self, skill: &str) -> Result<(), StoreError> {
        let hold = "SELECT id FROM skill WHERE id = $1 FOR KEY SHARE";
        self.lock_row(hold, skill).await
    }

    /// Waits for every transaction that [holds](Self::hold_skill) the skill, and makes later ones wait until this one ends.
    pub(crate) async fn lock_skill_for_deletion(&mut self, skill: &str) -> Result<(), StoreError> {
        let lock = "SELECT id FROM skill WHERE id = $1 FOR UPDATE";
        self.lock_row(lock, skill).await
    }

    /// Waits for every transaction that [holds](Self::hold_agent) the agent or a skill on it, and makes later ones wait
    /// until this one ends: a deleted skill that is on no other agent is then known to be unused.
    pub(crate) async fn lock_agent_for_deletion(
        &mut self,
        account: &str,
        agent: &str,
    ) -> Result<(), StoreError> {
        if self.is_postgres() {
            let lock = "SELECT id FROM agent WHERE id = $1 AND account_id = $2 FOR UPDATE";
            self.all::<(String,)>(lock, args![agent, account]).await?;
            let skills = "SELECT id FROM skill WHERE id IN (SELECT skill_id FROM assignment \
                 WHERE agent_id = $1 AND account_id = $2) ORDER BY id FOR UPDATE";
            self.all::<(String,)>(skills, args![agent, account]).await?;
        }
        Ok(())
    }

    /// Makes transactions that count what an account has and add to it wait for each other. Others do not wait: a
    /// reference to the account is not held up by this lock. SQLite has one writer anyway.
    pub async fn hold_account(&mut self, account: &str) -> Result<(), StoreError> {
        let hold = "SELECT id FROM account WHERE id = $1 FOR NO KEY UPDATE";
        self.lock_row(hold, account).await
    }

    async fn lock_row(&mut self, sql: &'static str, id: &str) -> Result<(), StoreError> {
        if self.is_postgres() {
            self.optional::<(String,)>(sql, args![id]).await?;
        }
        Ok(())
    }

    /// Whether this is PostgreSQL, for what only one of the two databases needs.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.connection, Connection::Postgres(_))
    }

    /// The transaction of the one database or the other, for statements whose rows have no type of ours.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Notes what the transaction changes, for those who listen.
    pub(crate) fn changed(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The first row of a query, or of a statement with `RETURNING`.
    pub(crate) async fn optional<T: Record>(
        &mut self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        Ok(match &mut self.connection {
            Connection::Sqlite(tx) => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_optional(&mut **tx)
                    .await?
            }
            Connection::Postgres(tx) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_optional(&mut **tx)
                    .await?
            }
        })
    }

    /// All rows of a query, or of a statement with `RETURNING`.
    pub(crate) async fn all<T: Record>(
        &mut self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        Ok(match &mut self.connection {
            Connection::Sqlite(tx) => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_all(&mut **tx)
                    .await?
            }
            Connection::Postgres(tx) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_all(&mut **tx)
                    .await?
            }
        })
    }

    /// The number that a query counts.
    pub(crate) async fn count(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = self.optional(sql, args).await?;
        Ok(row.map_or(0, |(count,)| count))
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        Ok(match &mut self.connection {
            Connection::Sqlite(tx) => bound!(sqlx::query::<Sqlite>(sql), args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Connection::Postgres(tx) => bound!(sqlx::query::<Postgres>(sql), args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Inserts a row; how many rows were inserted or updated.
    pub(crate) async fn insert(&mut self, insert: Insert<'_>) -> Result<u64, StoreError> {
        let (sql, args) = insert.into_statement("");
        self.execute(AssertSqlSafe(sql), &args).await
    }

    /// Inserts a row and reads columns of it; `None` when nothing was inserted or updated.
    pub(crate) async fn insert_returning<T: Record>(
        &mut self,
        insert: Insert<'_>,
        columns: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let (sql, args) = insert.into_statement(columns);
        self.optional(AssertSqlSafe(sql), &args).await
    }

    /// Runs several statements at once, without values.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match &mut self.connection {
            Connection::Sqlite(tx) => script.execute(&mut **tx).await.map(drop)?,
            Connection::Postgres(tx) => script.execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }
}
