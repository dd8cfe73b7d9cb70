//! What an attack did, and how it was answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Counts answers by what was asked and what came of it: `install: 409`. Clones count together.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<String, u64>>>);

impl Tally {
    /// Counts one outcome of `what`.
    pub fn count(&self, what: &str, outcome: impl std::fmt::Display) {
        let mut counts = self.0.lock().unwrap();
        *counts.entry(format!("{what}: {outcome}")).or_default() += 1;
    }

    /// All counts so far, by name.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap().clone()
    }
}
