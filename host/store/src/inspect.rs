//! Looking at a database without changing it.

use crate::db::{Db, Pools, args};
use crate::{MasterKey, StoreError, Timestamp, connect, migrations, system_clock};

/// What a database says of itself before anything is migrated.
#[derive(Debug)]
pub struct StoreInspection {
    /// `SQLite` or `PostgreSQL`.
    pub product: &'static str,
    /// The version of its schema; 0 when it has none yet.
    pub schema: i64,
    /// The newest version that this program knows.
    pub known_schema: i64,
    /// Whether it was made with the given master key; `None` when none was given, or when it is bound to none yet.
    pub key_matches: Option<bool>,
    /// The time by the database server's clock; of SQLite, this machine's.
    pub server_time: Timestamp,
}

impl StoreInspection {
    /// Looks at the database at `url`. A SQLite file must exist: opening a missing one would make it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an address that is none, [`StoreError::Database`] when it does not answer.
    pub async fn of(url: &str, master_key: Option<&MasterKey>) -> Result<Self, StoreError> {
        let db = connect::connect(url).await?;
        let inspection = inspect(&db, master_key).await;
        db.close().await;
        inspection
    }
}

async fn inspect(db: &Db, master_key: Option<&MasterKey>) -> Result<StoreInspection, StoreError> {
    let schema = match has_table(db, "schema_version").await? {
        true => {
            db.count(
                "SELECT COALESCE(MAX(version), 0) FROM schema_version",
                args![],
            )
            .await?
        }
        false => 0,
    };
    let key_matches = match master_key {
        Some(key) if has_table(db, "store_fact").await? => is_bound_to(db, key).await?,
        _ => None,
    };
    Ok(StoreInspection {
        product: match &db.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres(_) => "PostgreSQL",
        },
        schema,
        known_schema: migrations::newest(),
        key_matches,
        server_time: server_time(db).await?,
    })
}

async fn has_table(db: &Db, name: &str) -> Result<bool, StoreError> {
    let sql = match &db.pools {
        Pools::Sqlite { .. } => {
            "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
        }
        Pools::Postgres(_) => {
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1"
        }
    };
    Ok(db.count(sql, args![name]).await? > 0)
}

async fn is_bound_to(db: &Db, key: &MasterKey) -> Result<Option<bool>, StoreError> {
    let sql = "SELECT value FROM store_fact WHERE name = 'master key fingerprint'";
    let bound: Option<(String,)> = db.optional(sql, args![]).await?;
    Ok(bound.map(|(fingerprint,)| fingerprint == key.fingerprint()))
}

async fn server_time(db: &Db) -> Result<Timestamp, StoreError> {
    match &db.pools {
        Pools::Sqlite { .. } => Ok(system_clock()()),
        Pools::Postgres(_) => {
            let sql = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT";
            Ok(Timestamp::from_micros(db.count(sql, args![]).await?))
        }
    }
}
