//! `wasi:keyvalue/store`: the one bucket that a skill has.

use super::bindings::wasi::keyvalue::store::{self, Bucket, Error};
use crate::ToolError;

/// The bucket's name; the host knows no other.
const BUCKET: &str = "default";

fn bucket() -> Result<Bucket, ToolError> {
    store::open(BUCKET).map_err(explain)
}

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, ToolError> {
    bucket()?.get(key).map_err(explain)
}

pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), ToolError> {
    bucket()?.set(key, value).map_err(explain)
}

pub(crate) fn delete(key: &str) -> Result<(), ToolError> {
    bucket()?.delete(key).map_err(explain)
}

pub(crate) fn exists(key: &str) -> Result<bool, ToolError> {
    bucket()?.exists(key).map_err(explain)
}

/// All keys: the host gives them in pages.
pub(crate) fn keys() -> Result<Vec<String>, ToolError> {
    let bucket = bucket()?;
    let mut page = bucket.list_keys(None).map_err(explain)?;
    let mut keys = page.keys;
    while let Some(cursor) = page.cursor {
        page = bucket.list_keys(Some(cursor)).map_err(explain)?;
        keys.append(&mut page.keys);
    }
    Ok(keys)
}

fn explain(error: Error) -> ToolError {
    match error {
        Error::NoSuchStore => ToolError::unavailable("the host has no key-value store"),
        Error::AccessDenied => {
            ToolError::denied("the host refused the key-value store; it needs the permission `kv`")
        }
        Error::Other(message) => ToolError::Failed(format!("key-value store: {message}")),
    }
}
