//! The schema, and how a database is brought up to it.
//!
//! All missing migrations are applied in one transaction that only one process holds at a time:
//! starts at the same moment are safe, and a failed start leaves the database as it was.

use crate::StoreError;
use crate::db::{Db, Tx, args};

/// In order; a migration's version is its position, from 1. Never change one that was released: add another.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_domain.sql")];

/// Any number that no other user of the PostgreSQL database locks. And no word of tables that are there already.
const LOCK: &str =
    "SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(7305428911034256)";

/// The version of the newest schema.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Brings the database to the newest schema.
///
/// # Errors
/// [`StoreError::NewerSchema`] when a newer program was here.
pub(crate) async fn migrate(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    if let Tx::Postgres(_) = tx {
        tx.script(LOCK.into()).await?;
    }
    tx.script(
        "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)".into(),
    )
    .await?;
    let found: Option<(i64,)> = tx
        .optional(
            "SELECT version FROM schema_version ORDER BY version DESC LIMIT 1",
            args![],
        )
        .await?;
    let found = found.map_or(0, |(version,)| version);
    let known = newest();
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, sql) in (1..)
        .zip(MIGRATIONS)
        .filter(|(version, _)| *version > found)
    {
        tx.script(dialect(&tx, sql)).await?;
        tx.execute(
            "INSERT INTO schema_version (version) VALUES ($1)",
            args![version],
        )
        .await?;
        tracing::info!(version, "database migrated");
    }
    tx.commit().await
}

/// The only word in which the schema differs between the databases.
fn dialect(tx: &Tx, sql: &str) -> String {
    match tx {
        Tx::Sqlite(_) => sql.into(),
        Tx::Postgres(_) => sql.replace(" BLOB ", " BYTEA "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::connect;

    #[tokio::test]
    async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let db = connect(&format!(
            "sqlite://{}",
            folder.path().join("x.db").display()
        ))
        .await
        .unwrap();
        migrate(&db).await.unwrap();
        db.execute("INSERT INTO schema_version (version) VALUES (99)", args![])
            .await
            .unwrap();
        let refused = migrate(&db).await.unwrap_err();
        assert!(
            matches!(
                refused,
                StoreError::NewerSchema {
                    found: 99,
                    known: 1
                }
            ),
            "{refused}"
        );
        assert_eq!(
            db.count("SELECT COUNT(*) FROM schema_version", args![])
                .await
                .unwrap(),
            2
        );
        db.close().await;
    }
}
