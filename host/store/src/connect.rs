//! Opening a database by its address, with the settings that the store's promises rest on.

mod postgres;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::num::NonZero;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::StoreError;
use crate::db::{Db, Pools};

/// How long a writer waits for a writer of another process, and a request for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause before a database that is busy is opened again.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const POSTGRES_CONNECTIONS: u32 = 16;
/// More than there are statements in this crate: each is prepared once per connection.
const STATEMENTS: usize = 256;

/// Opens `sqlite://<path>` or `postgres://…`; nothing is migrated yet.
pub(crate) async fn connect(url: &str) -> Result<Db, StoreError> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        return sqlite(Path::new(path)).await;
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres(url).await;
    }
    Err(StoreError::Invalid(
        "the database URL must start with sqlite:// or postgres://".into(),
    ))
}

async fn sqlite(path: &Path) -> Result<Db, StoreError> {
    create_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(ACQUIRE_TIMEOUT)
        .statement_cache_capacity(STATEMENTS);
    // The writer first: it sets the journal mode, which readers can not.
    let writer = || sqlite_pool(1).connect_with(options.clone());
    let writer = connect_when_free(writer).await?;
    let options = options.clone().pragma("query_only", "ON");
    let reader = || sqlite_pool(readers()).connect_with(options.clone());
    let reader = connect_when_free(reader).await?;
    Ok(Pools::Sqlite { reader, writer }.into())
}

/// Opens one more connection to the same database, for migrations. On SQLite it does not act on foreign keys: to change a table that others
/// refer to it is made anew, and dropping the old one would delete all that refers to it (sqlite.org, "ALTER TABLE", section 7).
pub(crate) async fn connect_to_migrate(db: &Db) -> Result<Db, StoreError> {
    let pools = match &db.pools {
        Pools::Sqlite { writer, .. } => {
            let options = (*writer.connect_options()).clone().foreign_keys(false);
            let connect = || sqlite_pool(1).connect_with(options.clone());
            let writer = connect_when_free(connect).await?;
            let reader = writer.clone();
            Pools::Sqlite { reader, writer }
        }
        Pools::Postgres(pool) => {
            let options = (*pool.connect_options()).clone();
            let one = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(ACQUIRE_TIMEOUT);
            Pools::Postgres(one.connect_with(options).await?)
        }
    };
    Ok(pools.into())
}

fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .max_connections(connections)
}

/// Connects, again and again while another process holds the database. SQLite answers "busy" at once, whatever the busy timeout, where two
/// switch a new file to its write-ahead log at the same moment (sqlite.org, "Write-Ahead Logging", section 9).
async fn connect_when_free<F>(connect: impl Fn() -> F) -> Result<SqlitePool, sqlx::Error>
where
    F: Future<Output = Result<SqlitePool, sqlx::Error>>,
{
    let until = Instant::now() + ACQUIRE_TIMEOUT;
    loop {
        match connect().await {
            Err(error) if is_busy(&error) && Instant::now() < until => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            connected => return connected,
        }
    }
}

/// Whether the error is `SQLITE_BUSY`, in any of its extended forms: the lowest eight bits tell (sqlite.org, "Result and Error Codes").
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// One connection for each processor: reads seldom wait for the disk, and each connection parses the schema for itself.
fn readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors.max(2)).unwrap_or(u32::MAX)
}

/// Makes the file for its owner only; the journal beside it takes over its mode.
///
/// The store needs a file: readers and writers of a database in memory would each have one of their own.
fn create_private(path: &Path) -> Result<(), StoreError> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(StoreError::Invalid(
            "the database URL names no file; write sqlite://<path>".into(),
        ));
    }
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::Invalid(format!(
                "the database file {} can not be made: {error}",
                path.display()
            )))
        }
        _ => Ok(()),
    }
}

async fn postgres(url: &str) -> Result<Db, StoreError> {
    let (options, encryption) = postgres::options(url)?;
    let options = options
        .application_name("skillgate")
        .statement_cache_capacity(STATEMENTS);
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|error| encryption.explain(error))?;
    Ok(Pools::Postgres(pool).into())
}
