//! One door to both databases.
//!
//! SQL is written once, in the part of the language that SQLite and PostgreSQL share (`$1`, `ON CONFLICT`, `RETURNING`);
//! values travel as [`Arg`], so that a statement is an ordinary function call and not generic over the database.

mod arg;
mod insert;
mod tx;

use sqlx::postgres::{PgPool, PgRow};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Postgres, SqlSafeStr, Sqlite};

use self::arg::bound;
pub(crate) use self::arg::{Arg, args};
pub(crate) use self::insert::Insert;
pub(crate) use self::tx::Connection;
pub use self::tx::Tx;
use crate::StoreError;
use crate::change::{Listeners, PendingChanges};

/// A row that reads from either database.
pub(crate) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// The pools. SQLite has one writer, so that writers of this process queue here and not on the file's lock.
#[derive(Clone)]
pub(crate) enum Pools {
    Sqlite {
        reader: SqlitePool,
        writer: SqlitePool,
    },
    Postgres(PgPool),
}

/// A database, and who is told of its changes.
#[derive(Clone)]
pub(crate) struct Db {
    pub(crate) pools: Pools,
    pub(crate) listeners: Listeners,
}

impl From<Pools> for Db {
    fn from(pools: Pools) -> Self {
        Self {
            pools,
            listeners: Listeners::default(),
        }
    }
}

impl Db {
    /// The first row of a query that only reads.
    pub(crate) async fn optional<T: Record>(
        &self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<Option<T>, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { reader, .. } => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_optional(reader)
                    .await?
            }
            Pools::Postgres(pool) => {
                bound!(sqlx::query_as::<Postgres, T>(sql), args)
                    .fetch_optional(pool)
                    .await?
            }
        })
    }

    /// All rows of a query that only reads.
    pub(crate) async fn all<T: Record>(
        &self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<Vec<T>, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { reader, .. } => {
                bound!(sqlx::query_as::<Sqlite, T>(sql), args)
                    .fetch_all(reader)
                    .await?
            }
            Pools::Postgres(pool) => {
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

    /// Runs one statement that writes, committed when this returns; how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<u64, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => bound!(sqlx::query::<Sqlite>(sql), args)
                .execute(writer)
                .await?
                .rows_affected(),
            Pools::Postgres(pool) => bound!(sqlx::query::<Postgres>(sql), args)
                .execute(pool)
                .await?
                .rows_affected(),
        })
    }

    /// Inserts a row, committed when this returns; how many rows were inserted or updated.
    pub(crate) async fn insert(&self, insert: Insert<'_>) -> Result<u64, StoreError> {
        let (sql, args) = insert.into_statement("");
        self.execute(AssertSqlSafe(sql), &args).await
    }

    /// Begins a transaction that writes.
    ///
    /// SQLite takes the write lock at once: a transaction that reads first and writes later would fail
    /// with "busy" when another process wrote in between.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        let connection = match &self.pools {
            Pools::Sqlite { writer, .. } => {
                Connection::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Pools::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        };
        let changes = PendingChanges::new(self.listeners.clone());
        Ok(Tx::new(connection, changes))
    }

    /// Begins a transaction that only reads, and sees the database as it is at its first statement, whatever others write
    /// meanwhile.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        let connection = match &self.pools {
            Pools::Sqlite { reader, .. } => Connection::Sqlite(reader.begin().await?),
            Pools::Postgres(pool) => Connection::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await?,
            ),
        };
        let changes = PendingChanges::new(self.listeners.clone());
        Ok(Tx::new(connection, changes))
    }

    /// Waits for running statements and closes all connections.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { reader, writer } => {
                reader.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}
