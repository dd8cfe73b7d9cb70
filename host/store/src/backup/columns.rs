//! The columns of a table, as the database has them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{ColumnIndex, Database, Decode, Row, Type};

use super::{BackupError, malformed};
use crate::StoreError;
use crate::db::{Tx, args};

/// How the values of a column are written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// True or false.
    Boolean,
    /// A string of base64.
    Bytes,
}

/// A column's name and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column(pub(super) String, pub(super) Kind);

/// Lists the columns of a table in their order.
pub(super) async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<Column>, BackupError> {
    let sql = match tx.is_postgres() {
        false => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
        true => {
            "SELECT column_name::TEXT, data_type::TEXT FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    let rows: Vec<(String, String)> = tx.all(sql, args![table]).await?;
    let column = |(name, declared): (String, String)| {
        let kind = kind(&declared).ok_or_else(|| {
            StoreError::Invalid(format!(
                "the column {table}.{name} has the unknown type {declared}"
            ))
        });
        Ok(Column(name, kind?))
    };
    rows.into_iter().map(column).collect()
}

fn kind(declared: &str) -> Option<Kind> {
    Some(match declared.to_ascii_uppercase().as_str() {
        "TEXT" => Kind::Text,
        "BIGINT" | "INTEGER" => Kind::Integer,
        "DOUBLE PRECISION" | "REAL" => Kind::Real,
        "BOOLEAN" => Kind::Boolean,
        "BLOB" | "BYTEA" => Kind::Bytes,
        _ => return None,
    })
}

/// Reads a row as a JSON array.
pub(super) fn read_row<'r, R>(columns: &[Column], row: &'r R) -> Result<Value, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    f64: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Database,
{
    let read = |(at, Column(_, kind)): (usize, &Column)| {
        Ok::<Value, sqlx::Error>(match kind {
            Kind::Text => row.try_get::<Option<String>, _>(at)?.into(),
            Kind::Integer => row.try_get::<Option<i64>, _>(at)?.into(),
            Kind::Real => row.try_get::<Option<f64>, _>(at)?.into(),
            Kind::Boolean => row.try_get::<Option<bool>, _>(at)?.into(),
            Kind::Bytes => {
                let bytes = row.try_get::<Option<Vec<u8>>, _>(at)?;
                bytes.map(|bytes| STANDARD.encode(bytes)).into()
            }
        })
    };
    let values: Result<Vec<Value>, _> = columns.iter().enumerate().map(read).collect();
    values.map(Value::Array)
}

/// A value for a statement, read from JSON.
pub(super) enum Cell {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Boolean(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

impl Cell {
    /// Reads a value of a column.
    pub(super) fn read(Column(name, kind): &Column, value: Value) -> Result<Self, BackupError> {
        let cell = match kind {
            Kind::Text => serde_json::from_value(value).map(Self::Text),
            Kind::Integer => serde_json::from_value(value).map(Self::Integer),
            Kind::Real => serde_json::from_value(value).map(Self::Real),
            Kind::Boolean => serde_json::from_value(value).map(Self::Boolean),
            Kind::Bytes => {
                let text: Option<String> = serde_json::from_value(value).map_err(malformed)?;
                let bytes = text.map(|text| STANDARD.decode(text)).transpose();
                return Ok(Self::Bytes(bytes.map_err(malformed)?));
            }
        };
        cell.map_err(|error| malformed(format!("column {name}: {error}")))
    }
}
