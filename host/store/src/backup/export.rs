//! Reading all rows.

use std::io;

use futures::TryStreamExt;
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::columns::{Column, columns, read_row};
use super::{BackupError, TABLES, malformed};
use crate::Store;
use crate::db::{Connection, Tx};

/// Bytes from which a chunk is given on. A chunk is as much larger as its last row is.
const CHUNK: usize = 4 << 20;

/// Rows of one table.
#[derive(Debug)]
pub struct TableChunk {
    /// The table's name.
    pub table: &'static str,
    /// How many rows these are.
    pub rows: u64,
    /// A line that names the columns, and a line for each row: JSON, in UTF-8.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Gives every row of every table to `each`, in chunks of one table, as the database is at one moment.
    ///
    /// # Errors
    /// [`BackupError::Sink`] when `each` fails, [`BackupError::Store`] when the database does.
    pub async fn export(
        &self,
        mut each: impl FnMut(TableChunk) -> io::Result<()>,
    ) -> Result<(), BackupError> {
        let mut snapshot = self.db.snapshot().await?;
        for table in TABLES {
            let columns = columns(&mut snapshot, table).await?;
            export_table(&mut snapshot, table, &columns, &mut each).await?;
        }
        Ok(())
    }
}

async fn export_table(
    tx: &mut Tx,
    table: &'static str,
    columns: &[Column],
    each: &mut impl FnMut(TableChunk) -> io::Result<()>,
) -> Result<(), BackupError> {
    let names: Vec<_> = columns
        .iter()
        .map(|Column(name, _)| name.as_str())
        .collect();
    let sql = AssertSqlSafe(format!("SELECT {} FROM {table}", names.join(", ")));
    let mut chunk = Chunk::begin(table, columns)?;
    // The two drivers' rows are of two types.
    macro_rules! read_all {
        ($tx:expr) => {{
            let mut rows = sqlx::query(sql).fetch(&mut **$tx);
            while let Some(row) = rows.try_next().await? {
                chunk.line(&read_row(columns, &row)?)?;
                if chunk.0.bytes.len() >= CHUNK {
                    let full = std::mem::replace(&mut chunk, Chunk::begin(table, columns)?);
                    each(full.0).map_err(BackupError::Sink)?;
                }
            }
        }};
    }
    match tx.connection() {
        Connection::Sqlite(tx) => read_all!(tx),
        Connection::Postgres(tx) => read_all!(tx),
    }
    match chunk.0.rows {
        0 => Ok(()),
        _ => each(chunk.0).map_err(BackupError::Sink),
    }
}

/// A chunk that is being filled.
struct Chunk(TableChunk);

impl Chunk {
    fn begin(table: &'static str, columns: &[Column]) -> Result<Self, BackupError> {
        let mut chunk = Self(TableChunk {
            table,
            rows: 0,
            bytes: Vec::new(),
        });
        chunk.write(&columns)?;
        Ok(chunk)
    }

    fn line(&mut self, row: &serde_json::Value) -> Result<(), BackupError> {
        self.0.rows += 1;
        self.write(row)
    }

    fn write(&mut self, value: &impl Serialize) -> Result<(), BackupError> {
        serde_json::to_writer(&mut self.0.bytes, value).map_err(malformed)?;
        self.0.bytes.push(b'\n');
        Ok(())
    }
}
