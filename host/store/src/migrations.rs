//! The schema, and how a database is brought up to it.
//!
//! All missing migrations are applied in one transaction that only one process holds at a time: starts at the same
//! moment are safe, and a failed migration leaves the database as it was. It runs on a connection of its own, which on
//! SQLite does not act on foreign keys, so that a migration can make a table anew; that every reference still has its row
//! is checked before the commit.

use crate::StoreError;
use crate::connect::connect_to_migrate;
use crate::db::{Db, Tx, args};

/// One step of the schema.
struct Migration {
    /// Number and name, as its files have it.
    name: &'static str,
    /// What both databases run, first. `BLOB` is `BYTEA` on PostgreSQL.
    shared: &'static str,
    /// What SQLite alone runs after it.
    sqlite: &'static str,
    /// What PostgreSQL alone runs after it.
    postgres: &'static str,
}

/// In order; a migration's version is its position, from 1. Never change one that was released: add another, with a file
/// `NNNN_name.sql`, and `NNNN_name.sqlite.sql` and `NNNN_name.postgres.sql` for what the databases write differently.
const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_domain",
    shared: include_str!("../migrations/0001_domain.sql"),
    sqlite: "",
    postgres: "",
}];

/// Any number that no other user of the PostgreSQL database locks; and no notices about tables that exist already.
const LOCK: &str =
    "SET LOCAL client_min_messages = warning; SELECT pg_advisory_xact_lock(7305428911034256)";

/// The version of the newest schema.
pub(crate) fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Brings the database to the newest schema.
///
/// # Errors
/// [`StoreError::NewerSchema`] when a newer program was here; [`StoreError::Migration`] when a reference has lost its row.
pub(crate) async fn migrate(db: &Db) -> Result<(), StoreError> {
    migrate_to(db, MIGRATIONS).await
}

async fn migrate_to(db: &Db, migrations: &[Migration]) -> Result<(), StoreError> {
    let own = connect_to_migrate(db).await?;
    let migrated = apply_missing(&own, migrations).await;
    own.close().await;
    migrated
}

async fn apply_missing(db: &Db, migrations: &[Migration]) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let found = lock_version(&mut tx).await?;
    let known = migrations.len() as i64;
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (version, migration) in (1..)
        .zip(migrations)
        .filter(|(version, _)| *version > found)
    {
        migration.apply(&mut tx, version).await?;
    }
    check_references(&mut tx).await?;
    tx.commit().await
}

/// The version that the database has, which no other process changes until the transaction ends; 0 when it is empty.
async fn lock_version(tx: &mut Tx) -> Result<i64, StoreError> {
    if tx.is_postgres() {
        tx.script(LOCK.into()).await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)";
    tx.script(table.into()).await?;
    let newest = "SELECT COALESCE(MAX(version), 0) FROM schema_version";
    tx.count(newest, args![]).await
}

/// Refuses a row whose parent does not exist. PostgreSQL checks references with each statement.
async fn check_references(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.is_postgres() {
        return Ok(());
    }
    let check = "SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1";
    match tx.optional::<(String, String)>(check, args![]).await? {
        None => Ok(()),
        Some((child, parent)) => Err(StoreError::Migration(format!(
            "a row of {child} refers to a row of {parent} that does not exist"
        ))),
    }
}

impl Migration {
    async fn apply(&self, tx: &mut Tx, version: i64) -> Result<(), StoreError> {
        let (shared, own) = match tx.is_postgres() {
            true => (self.shared.replace(" BLOB ", " BYTEA "), self.postgres),
            false => (self.shared.to_owned(), self.sqlite),
        };
        for script in [shared, own.to_owned()] {
            if !script.is_empty() {
                tx.script(script).await?;
            }
        }
        let note = "INSERT INTO schema_version (version) VALUES ($1)";
        tx.execute(note, args![version]).await?;
        tracing::info!(version, migration = self.name, "database migrated");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
