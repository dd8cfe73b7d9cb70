//! The key-value store is a map.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::ToolError;

thread_local! {
    pub(crate) static STORE: RefCell<BTreeMap<String, Vec<u8>>> = const { RefCell::new(BTreeMap::new()) };
}

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, ToolError> {
    Ok(STORE.with_borrow(|store| store.get(key).cloned()))
}

pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), ToolError> {
    STORE.with_borrow_mut(|store| store.insert(key.to_owned(), value.to_owned()));
    Ok(())
}

pub(crate) fn delete(key: &str) -> Result<(), ToolError> {
    STORE.with_borrow_mut(|store| store.remove(key));
    Ok(())
}

pub(crate) fn exists(key: &str) -> Result<bool, ToolError> {
    Ok(STORE.with_borrow(|store| store.contains_key(key)))
}

pub(crate) fn keys() -> Result<Vec<String>, ToolError> {
    Ok(STORE.with_borrow(|store| store.keys().cloned().collect()))
}
