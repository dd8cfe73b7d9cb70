//! What the same work costs at least: SQLite through sqlx with the server's settings, and nothing around it.

use std::num::NonZero;
use std::path::Path;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Connections that read, as many as the server has: one for each processor, and two at least.
fn readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(processors.max(2)).unwrap()
}

/// A bare axum server whose one handler reads one row by its id and sends what is in it.
pub(crate) struct BareReads {
    /// Where it listens.
    pub(crate) url: String,
    server: JoinHandle<()>,
    _folder: TempDir,
}

impl BareReads {
    /// Answers `GET /v1/agents/<id>` with `body`, for each of `ids`.
    pub(crate) async fn start(ids: &[String], body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pool = open(folder.path(), readers()).await;
        execute(
            &pool,
            "CREATE TABLE agent (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
        )
        .await;
        let mut filling = pool.begin().await.unwrap();
        for id in ids {
            let row = sqlx::query("INSERT INTO agent (id, body) VALUES ($1, $2)")
                .bind(id)
                .bind(body);
            row.execute(&mut *filling).await.unwrap();
        }
        filling.commit().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let router = Router::new()
            .route("/v1/agents/{id}", get(point_read))
            .with_state(pool);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            server,
            _folder: folder,
        }
    }
}

impl Drop for BareReads {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn point_read(
    State(pool): State<SqlitePool>,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Response {
    let row = sqlx::query_scalar("SELECT body FROM agent WHERE id = $1").bind(id);
    let body: String = row.fetch_one(&pool).await.unwrap();
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

/// A bare table of steps.
pub(crate) struct BareCommits {
    pool: SqlitePool,
    _folder: TempDir,
}

impl BareCommits {
    /// Makes it, in a file of its own.
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pool = open(folder.path(), 1).await;
        execute(
            &pool,
            "CREATE TABLE step (run_id TEXT NOT NULL, seq BIGINT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, \
             created_at BIGINT NOT NULL, PRIMARY KEY (run_id, seq))",
        )
        .await;
        Self {
            pool,
            _folder: folder,
        }
    }

    /// Inserts one row and returns when it is on the disk.
    pub(crate) async fn commit(&self, run: &str, seq: i64, kind: &str, body: &str) {
        let row = sqlx::query(
            "INSERT INTO step (run_id, seq, kind, body, created_at) VALUES ($1, $2, $3, $4, 0)",
        );
        row.bind(run)
            .bind(seq)
            .bind(kind)
            .bind(body)
            .execute(&self.pool)
            .await
            .unwrap();
    }
}

/// A database file with the settings that the server uses: a write-ahead log that is on the disk before a commit returns.
async fn open(folder: &Path, connections: u32) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("floor.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false);
    pool.connect_with(options).await.unwrap()
}

async fn execute(pool: &SqlitePool, sql: &'static str) {
    sqlx::query(sql).execute(pool).await.unwrap();
}
