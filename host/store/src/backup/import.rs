//! Putting all rows back.

use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::columns::{Cell, Column, columns};
use super::{BackupError, TABLES, malformed};
use crate::Store;
use crate::db::{Connection, Tx, args};

/// A restoration under way: dropped without [`Import::commit`], it never happened.
pub struct Import {
    tx: Tx,
}

impl Store {
    /// Begins to restore rows into this database, which must be empty.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`] when there is an account.
    pub async fn begin_import(&self) -> Result<Import, BackupError> {
        let mut tx = self.db.begin().await?;
        let accounts: Option<(i64,)> = tx.optional("SELECT COUNT(*) FROM account", args![]).await?;
        match accounts {
            Some((0,)) | None => Ok(Import { tx }),
            Some(_) => Err(BackupError::NotEmpty),
        }
    }
}

impl Import {
    /// Inserts the rows of a chunk that [`Store::export`] made; tells how many there were.
    ///
    /// # Errors
    /// [`BackupError::Malformed`] when these are no rows of such a table.
    pub async fn rows(&mut self, table: &str, chunk: &[u8]) -> Result<u64, BackupError> {
        let known = TABLES.iter().find(|known| **known == table);
        let table = *known.ok_or_else(|| malformed(format!("unknown table {table}")))?;
        let text = std::str::from_utf8(chunk).map_err(malformed)?;
        let mut lines = text.lines();
        let head: Vec<Column> =
            serde_json::from_str(lines.next().unwrap_or_default()).map_err(malformed)?;
        if !same_columns(&head, &columns(&mut self.tx, table).await?) {
            return Err(malformed(format!("the table {table} has other columns")));
        }
        let sql = insertion(table, &head);
        let mut count = 0;
        for line in lines {
            let values: Vec<Value> = serde_json::from_str(line).map_err(malformed)?;
            if values.len() != head.len() {
                return Err(malformed(format!("a row of {table} has another length")));
            }
            let cells = head.iter().zip(values);
            let cells = cells.map(|(column, value)| Cell::read(column, value));
            self.insert(&sql, cells.collect::<Result<_, _>>()?).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// [`BackupError::Store`] when the database fails; nothing was restored then.
    pub async fn commit(self) -> Result<(), BackupError> {
        Ok(self.tx.commit().await?)
    }

    async fn insert(&mut self, sql: &str, cells: Vec<Cell>) -> Result<(), BackupError> {
        // The two drivers' queries are of two types.
        macro_rules! insert {
            ($tx:expr) => {{
                let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
                for cell in cells {
                    query = match cell {
                        Cell::Text(value) => query.bind(value),
                        Cell::Integer(value) => query.bind(value),
                        Cell::Real(value) => query.bind(value),
                        Cell::Boolean(value) => query.bind(value),
                        Cell::Bytes(value) => query.bind(value),
                    };
                }
                query.execute(&mut **$tx).await.map(drop)?
            }};
        }
        match self.tx.connection() {
            Connection::Sqlite(tx) => insert!(tx),
            Connection::Postgres(tx) => insert!(tx),
        }
        Ok(())
    }
}

/// The two databases may list columns in different orders after a migration.
fn same_columns(one: &[Column], other: &[Column]) -> bool {
    one.len() == other.len() && one.iter().all(|column| other.contains(column))
}

/// Facts of the database itself are there already where it was opened with the same master key.
fn insertion(table: &str, columns: &[Column]) -> String {
    let names: Vec<_> = columns
        .iter()
        .map(|Column(name, _)| name.as_str())
        .collect();
    let places: Vec<_> = (1..=columns.len())
        .map(|place| format!("${place}"))
        .collect();
    let (names, places) = (names.join(", "), places.join(", "));
    let conflict = match table {
        "store_fact" => " ON CONFLICT (name) DO NOTHING",
        _ => "",
    };
    format!("INSERT INTO {table} ({names}) VALUES ({places}){conflict}")
}
