//! Values of statements.

use std::borrow::Cow;

use serde::Serialize;

use crate::{StoreError, Timestamp};

/// A value for a statement. Absence has a type: PostgreSQL wants to know it.
pub(crate) enum Arg<'a> {
    Text(Option<Cow<'a, str>>),
    Int(Option<i64>),
    Bool(bool),
    Bytes(&'a [u8]),
}

impl Arg<'_> {
    /// A value as JSON text, for a column that holds one of our own types.
    ///
    /// # Errors
    /// [`StoreError::Database`] when the value cannot be written as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, StoreError> {
        let text = serde_json::to_string(value);
        let text = text.map_err(|error| StoreError::Database(error.into()))?;
        Ok(Self::Text(Some(Cow::Owned(text))))
    }
}

/// Makes `&[Arg]` of values.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

/// A query with its values bound.
macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                $crate::db::Arg::Text(text) => query.bind(text.as_deref()),
                $crate::db::Arg::Int(number) => query.bind(*number),
                $crate::db::Arg::Bool(truth) => query.bind(*truth),
                $crate::db::Arg::Bytes(bytes) => query.bind(*bytes),
            };
        }
        query
    }};
}
pub(super) use bound;

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<Cow<'a, str>> for Arg<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Arg<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl<'a> From<&'a Option<String>> for Arg<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::from(text.as_deref())
    }
}

impl From<&serde_json::Value> for Arg<'_> {
    fn from(json: &serde_json::Value) -> Self {
        Self::Text(Some(Cow::Owned(json.to_string())))
    }
}

/// A list of words, kept as a JSON array.
impl From<&Vec<String>> for Arg<'_> {
    fn from(list: &Vec<String>) -> Self {
        Self::from(&serde_json::Value::from(list.as_slice()))
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Arg<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Timestamp> for Arg<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Int(Some(time.as_micros()))
    }
}

impl From<Option<Timestamp>> for Arg<'_> {
    fn from(time: Option<Timestamp>) -> Self {
        Self::Int(time.map(Timestamp::as_micros))
    }
}

impl From<bool> for Arg<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}
