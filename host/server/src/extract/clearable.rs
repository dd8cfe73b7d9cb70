//! A field of a change that `null` clears.

use serde::{Deserialize, Deserializer};

/// Reads a field that is there: `null` as `Some(None)`. With `#[serde(default)]`, one that is not there is `None`.
pub(crate) fn clearable<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
