//! A key-value store that outlives the call. It belongs to one agent, one of its users, and this skill.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ToolError, host};

/// The value of a key, if there is one.
///
/// # Errors
/// [`ToolError::Denied`] without the permission `kv`; [`ToolError::Failed`] when the host's store fails.
/// The same holds for every function here.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, ToolError> {
    host::kv::get(key)
}

/// The value of a key, read as JSON.
///
/// # Errors
/// As [`get`], and [`ToolError::Failed`] when the value is not JSON of this type.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>, ToolError> {
    let Some(value) = get(key)? else {
        return Ok(None);
    };
    serde_json::from_slice(&value).map(Some).map_err(|error| {
        ToolError::Failed(format!(
            "the value of `{key}` is not what was expected: {error}"
        ))
    })
}

/// Sets the value of a key, in place of one that was there.
///
/// # Errors
/// As [`get`]; also when the quota is used up.
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), ToolError> {
    host::kv::set(key, value.as_ref())
}

/// Sets the value of a key to JSON.
///
/// # Errors
/// As [`set`].
pub fn set_json<T: Serialize + ?Sized>(key: &str, value: &T) -> Result<(), ToolError> {
    set(key, serde_json::to_vec(value)?)
}

/// Removes a key; nothing happens when it is not there.
///
/// # Errors
/// As [`get`].
pub fn delete(key: &str) -> Result<(), ToolError> {
    host::kv::delete(key)
}

/// Whether a key has a value.
///
/// # Errors
/// As [`get`].
pub fn exists(key: &str) -> Result<bool, ToolError> {
    host::kv::exists(key)
}

/// All keys, in no particular order.
///
/// # Errors
/// As [`get`].
pub fn keys() -> Result<Vec<String>, ToolError> {
    host::kv::keys()
}
