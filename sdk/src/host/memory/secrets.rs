//! Secrets are the names that the test gave.

use std::cell::RefCell;
use std::collections::BTreeSet;

thread_local! {
    pub(crate) static NAMES: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

pub(crate) fn exists(name: &str) -> bool {
    NAMES.with_borrow(|names| names.contains(name))
}
