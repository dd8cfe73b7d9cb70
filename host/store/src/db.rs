//! One door to both databases.
//!
//! SQL is written once, in the part of the language that SQLite and PostgreSQL share (`$1`, `ON CONFLICT`, `RETURNING`);
//! values travel as [`Arg`], so that a statement is an ordinary function call and not generic over the database.

use std::borrow::Cow;

use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{FromRow, Postgres, Sqlite, Transaction};

use crate::{StoreError, Timestamp};

/// A row that reads from either database.
pub(crate) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// A value for a statement. Absence has a type: PostgreSQL wants to know it.
pub(crate) enum Arg<'a> {
    Text(Option<Cow<'a, str>>),
    Int(Option<i64>),
    Bool(bool),
    Bytes(&'a [u8]),
}

/// Makes `&[Arg]` of values.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<Cow<'a, str>> for Arg<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Arg<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a Option<String>> for Arg<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::from(text.as_deref())
    }
}

impl From<&serde_json::Value> for Arg<'_> {
    fn from(json: &serde_json::Value) -> Self {
        Self::Text(Some(Cow::Owned(json.to_string())))
    }
}

/// A list of words, kept as a JSON array.
impl From<&Vec<String>> for Arg<'_> {
    fn from(list: &Vec<String>) -> Self {
        Self::from(&serde_json::Value::from(list.as_slice()))
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Arg<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Arg<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Int(Some(time.as_micros()))
    }
}

impl From<Option<Timestamp>> for Arg<'_> {
    fn from(time: Option<Timestamp>) -> Self {
        Self::Int(time.map(Timestamp::as_micros))
    }
}

impl From<bool> for Arg<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A query with its values bound.
macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Text(text) => query.bind(text.as_deref()),
                Arg::Int(number) => query.bind(*number),
                Arg::Bool(truth) => query.bind(*truth),
                Arg::Bytes(bytes) => query.bind(*bytes),
            };
        }
        query
    }};
}

/// The pools. SQLite has one writer, so that writers of this process queue here and not on the file's lock.
#[derive(Clone)]
pub(crate) enum Db {
    Sqlite {
        reader: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

impl Db {
    /// The first row of a query that only reads.
    pub(crate) async fn optional<T: Record>(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        Ok(match self {
            Self::Sqlite { reader, .. } => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_optional(reader)
                    .await?
            }
            Self::Postgres(pool) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_optional(pool)
                    .await?
            }
        })
    }

    /// All rows of a query that only reads.
    pub(crate) async fn all<T: Record>(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        Ok(match self {
            Self::Sqlite { reader, .. } => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_all(reader)
                    .await?
            }
            Self::Postgres(pool) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_all(pool)
                    .await?
            }
        })
    }

    /// The number that a query counts.
    pub(crate) async fn count(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = self.optional(sql, args).await?;
        Ok(row.map_or(0, |(count,)| count))
    }

    /// One statement that writes, committed when this returns; how many rows it touched.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => bound!(sqlx::query::<Sqlite>(sql), args)
                .execute(writer)
                .await?
                .rows_affected(),
            Self::Postgres(pool) => bound!(sqlx::query::<Postgres>(sql), args)
                .execute(pool)
                .await?
                .rows_affected(),
        })
    }

    /// Begins a transaction that writes; dropped without [`Tx::commit`], it never happened.
    ///
    /// SQLite takes the write lock at once: a transaction that reads first and writes later would fail
    /// with "busy" when another process wrote in between.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Waits for running statements and closes all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { reader, writer } => {
                reader.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction on either database.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Keeps an agent from being deleted until the transaction ends. Wanted before anything that belongs to the agent is
    /// changed: deleting locks the agent's row and then the rows below it, and whoever locked one below first and then
    /// needed the agent, as every foreign key does, would wait in a circle with it.
    ///
    /// SQLite has one writer and needs no lock on a row. An agent that is not there is no error here.
    pub(crate) async fn hold_agent(&mut self, agent: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            let hold = "SELECT id FROM agent WHERE id = $1 FOR KEY SHARE";
            self.optional::<(String,)>(hold, args![agent]).await?;
        }
        Ok(())
    }

    /// Keeps a skill from being deleted until the transaction ends. Wanted before it is looked up to be put on an agent.
    pub(crate) async fn hold_skill(&mut self, skill: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            let hold = "SELECT id FROM skill WHERE id = $1 FOR KEY SHARE";
            self.optional::<(String,)>(hold, args![skill]).await?;
        }
        Ok(())
    }

    /// Waits for every transaction that [holds](Self::hold_skill) the skill, and makes later ones wait until this one ends.
    pub(crate) async fn lock_skill_for_deletion(&mut self, skill: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            let lock = "SELECT id FROM skill WHERE id = $1 FOR UPDATE";
            self.optional::<(String,)>(lock, args![skill]).await?;
        }
        Ok(())
    }

    /// Makes transactions that count what an account has and add to it wait for each other. Nothing else waits: a
    /// reference to the account is not held up by this lock. SQLite has one writer anyway.
    pub(crate) async fn hold_account(&mut self, account: &str) -> Result<(), StoreError> {
        if let Self::Postgres(_) = self {
            let hold = "SELECT id FROM account WHERE id = $1 FOR NO KEY UPDATE";
            self.optional::<(String,)>(hold, args![account]).await?;
        }
        Ok(())
    }

    /// The first row of a query, or of a statement with `RETURNING`.
    pub(crate) async fn optional<T: Record>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_optional(&mut **tx)
                    .await?
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_optional(&mut **tx)
                    .await?
            }
        })
    }

    /// All rows of a query.
    pub(crate) async fn all<T: Record>(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_all(&mut **tx)
                    .await?
            }
            Self::Postgres(tx) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_all(&mut **tx)
                    .await?
            }
        })
    }

    /// A statement; how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(sqlx::query::<Sqlite>(sql), args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Self::Postgres(tx) => bound!(sqlx::query::<Postgres>(sql), args)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Several statements at once, without values.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreError> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
        match self {
            Self::Sqlite(tx) => script.execute(&mut **tx).await.map(drop)?,
            Self::Postgres(tx) => script.execute(&mut **tx).await.map(drop)?,
        }
        Ok(())
    }

    /// Makes it durable: when this returns, a crash of the process loses nothing of it.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
