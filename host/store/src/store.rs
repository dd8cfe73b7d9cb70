//! The store itself: opening, closing, asking whether it is there.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

use crate::change::Change;
use crate::db::{Db, Insert, Pools, Tx, args};
use crate::seal::DerivedKeys;
use crate::{Clock, MasterKey, StoreError, Timestamp, connect, migrations, system_clock};

/// How to open a [`Store`].
pub struct StoreConfig {
    /// `sqlite://<path of a file>` or `postgres://user:password@host:port/database`.
    pub url: String,
    /// What everything sealed in the database hangs on.
    pub master_key: MasterKey,
    /// Where times come from.
    pub clock: Clock,
}

impl StoreConfig {
    /// With the clock of the machine.
    pub fn new(url: impl Into<String>, master_key: MasterKey) -> Self {
        Self {
            url: url.into(),
            master_key,
            clock: system_clock(),
        }
    }
}

/// The domain model in a database. Cheap to clone: all clones share the connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) keys: Arc<DerivedKeys>,
    large_writes: Arc<Semaphore>,
    clock: Clock,
}

/// What is written at once is large from so many bytes on: on a slow disk it takes a noticeable part of a second.
const LARGE_WRITE: usize = 1 << 20;

impl Store {
    /// Opens the database, making the file of a SQLite one, and migrates it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an address that is none, [`StoreError::WrongMasterKey`] and
    /// [`StoreError::NewerSchema`] for a database that is not ours to use, [`StoreError::Database`] for the rest.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let db = connect::connect(&config.url).await?;
        migrations::migrate(&db).await?;
        let store = Self {
            db,
            keys: Arc::new(DerivedKeys::new(&config.master_key)),
            large_writes: Arc::new(Semaphore::new(1)),
            clock: config.clock,
        };
        store.check_master_key().await?;
        Ok(store)
    }

    /// The version of the schema that this program works with.
    pub fn schema_version() -> i64 {
        migrations::newest()
    }

    /// Answers when the database does: for readiness.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.db
            .count("SELECT COUNT(*) FROM schema_version", args![])
            .await
            .map(drop)
    }

    /// Waits for what is under way and closes all connections; every clone of the store fails from then on.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Now, by the store's clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Begins a transaction in which several verbs that take a [`Tx`] happen together or not at all.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        self.db.begin().await
    }

    /// Calls `listener` with each [`Change`] that this process makes, after it was committed and before the verb returns;
    /// also, now and then, with one that was not committed. It must not block, nor hold a clone of this store.
    pub fn on_change(&self, listener: impl Fn(&Change) + Send + Sync + 'static) {
        self.db.listeners.add(listener);
    }

    /// Tells those who listen of a change that was committed.
    pub(crate) fn changed(&self, change: Change) {
        self.db.listeners.announce(&change);
    }

    /// The seed of the ed25519 key that signs access tokens. It is derived from the master key: every process on one
    /// database signs and accepts the same.
    pub fn token_signing_seed(&self) -> Zeroizing<[u8; 32]> {
        self.keys.token_seed.clone()
    }

    /// The turn of whoever writes so many bytes at once, which it holds until that is committed; `None` for few bytes.
    ///
    /// SQLite has one writer, for which all stand in line: of large writes one alone stands there, so that a small one
    /// waits for one large one at most.
    pub(crate) async fn turn_to_write(
        &self,
        bytes: usize,
    ) -> Result<Option<SemaphorePermit<'_>>, StoreError> {
        if bytes < LARGE_WRITE {
            return Ok(None);
        }
        let turn = self.large_writes.acquire().await;
        turn.map(Some)
            .map_err(|closed| StoreError::Database(closed.into()))
    }

    /// Binds a new database to the master key, and an old one to the same.
    async fn check_master_key(&self) -> Result<(), StoreError> {
        let ours = &self.keys.fingerprint;
        let fact = Insert::into_table("store_fact")
            .set("name", "master key fingerprint")
            .set("value", ours)
            .on_conflict("(name) DO NOTHING");
        self.db.insert(fact).await?;
        let bound: Option<(String,)> = self
            .db
            .optional(
                "SELECT value FROM store_fact WHERE name = 'master key fingerprint'",
                args![],
            )
            .await?;
        match bound {
            Some((fingerprint,)) if fingerprint == *ours => Ok(()),
            _ => Err(StoreError::WrongMasterKey),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.db.pools {
            Pools::Sqlite { .. } => "Store(SQLite)",
            Pools::Postgres(_) => "Store(PostgreSQL)",
        })
    }
}

/// Part of a list, and how long the whole list is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: i64,
}
