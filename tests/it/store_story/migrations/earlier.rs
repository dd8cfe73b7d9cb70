//! Databases of earlier versions, with rows in every table.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// Rows put into each table. Keys and references of the same row are spelled alike, so that every reference has its row.
const ROWS: [Row; 2] = [
    Row {
        text: "'a'",
        number: "1",
        sqlite_bytes: "x'0a'",
        postgres_bytes: "'\\x0a'",
    },
    Row {
        text: "'b'",
        number: "2",
        sqlite_bytes: "x'0b'",
        postgres_bytes: "'\\x0b'",
    },
];

struct Row {
    text: &'static str,
    number: &'static str,
    sqlite_bytes: &'static str,
    postgres_bytes: &'static str,
}

/// The numbers of all versions, which the files of migrations begin with, in order.
pub(super) fn versions() -> Vec<String> {
    let names = fs::read_dir(folder()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut numbers: Vec<String> = names.map(|name| name[..4].to_owned()).collect();
    numbers.sort();
    numbers.dedup();
    numbers
}

fn folder() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../host/store/migrations"
    ))
}

/// A database of an earlier version.
pub(super) enum Earlier {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Earlier {
    /// Makes the schema of a version in an empty database, as the program of that version did.
    pub(super) async fn make(url: &str, version: usize) -> Self {
        let mut database = Self::connect(url).await;
        let table = "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY)";
        database.run(table.to_owned()).await.unwrap();
        for (number, prefix) in (1..=version).zip(versions()) {
            for script in database.scripts(&prefix) {
                database.run(script).await.unwrap();
            }
            let note = format!("INSERT INTO schema_version (version) VALUES ({number})");
            database.run(note).await.unwrap();
        }
        database
    }

    async fn connect(url: &str) -> Self {
        match url.strip_prefix("sqlite://") {
            None => Self::Postgres(PgConnection::connect(url).await.unwrap()),
            Some(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .foreign_keys(true);
                Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
            }
        }
    }

    /// The shared script of a version, and then the one of this database.
    fn scripts(&self, prefix: &str) -> Vec<String> {
        let own = match self {
            Self::Sqlite(_) => ".sqlite.sql",
            Self::Postgres(_) => ".postgres.sql",
        };
        let names = fs::read_dir(folder()).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(prefix))
            .filter(|name| name.ends_with(own) || name.matches('.').count() == 1)
            .collect();
        names.sort_by_key(|name| name.matches('.').count());
        let text = |name: &String| fs::read_to_string(folder().join(name)).unwrap();
        let texts = names.iter().map(text);
        texts.map(|text| self.in_dialect(&text)).collect()
    }

    fn in_dialect(&self, script: &str) -> String {
        match self {
            Self::Sqlite(_) => script.to_owned(),
            Self::Postgres(_) => script.replace(" BLOB ", " BYTEA "),
        }
    }

    /// Puts rows into every table. Those that refer to others wait until these have theirs.
    pub(super) async fn fill(&mut self) {
        let mut waiting: Vec<String> = Vec::new();
        for (table, columns) in self.columns().await {
            if table != "schema_version" {
                let rows = ROWS.iter().map(|row| self.insert(&table, &columns, row));
                waiting.extend(rows);
            }
        }
        while !waiting.is_empty() {
            let (mut refused, mut reason) = (Vec::new(), None);
            for insert in &waiting {
                if let Err(error) = self.run(insert.clone()).await {
                    refused.push(insert.clone());
                    reason = Some(error);
                }
            }
            assert!(
                refused.len() < waiting.len(),
                "these rows are refused ({reason:?}); give `value_of` a value that the column takes: {refused:#?}"
            );
            waiting = refused;
        }
    }

    fn insert(&self, table: &str, columns: &[(String, String)], row: &Row) -> String {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values = columns.iter().map(|(_, kind)| self.value_of(kind, row));
        let values: Vec<&str> = values.collect();
        let (names, values) = (names.join(", "), values.join(", "));
        format!("INSERT INTO {table} ({names}) VALUES ({values})")
    }

    /// A value for a column of this type; `NULL` for one that is not known here.
    fn value_of(&self, kind: &str, row: &Row) -> &'static str {
        match (kind, self) {
            ("text", _) => row.text,
            ("bigint" | "integer" | "double precision" | "real", _) => row.number,
            ("boolean", _) => "TRUE",
            ("blob", _) => row.sqlite_bytes,
            ("bytea", _) => row.postgres_bytes,
            _ => "NULL",
        }
    }

    /// How many rows each table has.
    pub(super) async fn counts(&mut self) -> BTreeMap<String, i64> {
        let mut counts = BTreeMap::new();
        for table in self.columns().await.into_keys() {
            let count = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}");
            let count = self.texts(count).await.remove(0);
            counts.insert(table, count.parse().unwrap());
        }
        counts
    }

    /// The columns of each table with their types in lower case. What the database computes itself is left out, as are the
    /// tables behind an index of texts.
    async fn columns(&mut self) -> BTreeMap<String, Vec<(String, String)>> {
        let query = match self {
            Self::Sqlite(_) => {
                "SELECT one.name || '|' || part.name || '|' || LOWER(part.type) FROM pragma_table_list AS one \
                 JOIN pragma_table_xinfo(one.name) AS part WHERE one.schema = 'main' AND one.type = 'table' \
                 AND one.name NOT LIKE 'sqlite_%' AND part.hidden = 0 ORDER BY one.name, part.cid"
            }
            Self::Postgres(_) => {
                "SELECT table_name || '|' || column_name || '|' || data_type FROM information_schema.columns \
                 WHERE table_schema = 'public' AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position"
            }
        };
        let mut tables = BTreeMap::<String, Vec<_>>::new();
        for line in self.texts(query.to_owned()).await {
            let (table, column) = line.split_once('|').unwrap();
            let (column, kind) = column.split_once('|').unwrap();
            let columns = tables.entry(table.to_owned()).or_default();
            columns.push((column.to_owned(), kind.to_owned()));
        }
        tables
    }

    async fn run(&mut self, sql: String) -> Result<(), sqlx::Error> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => connection.execute(script).await.map(drop),
            Self::Postgres(connection) => connection.execute(script).await.map(drop),
        }
    }

    async fn texts(&mut self, sql: String) -> Vec<String> {
        let sql = AssertSqlSafe(sql);
        let texts = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
        };
        texts.unwrap()
    }
}
