//! What the calls of one account use at the same time.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// Accounts with calls under way. Others are forgotten when there are many.
pub(crate) struct Accounts {
    /// Calls of one account at the same time.
    calls: usize,
    known: Mutex<HashMap<String, Arc<Account>>>,
}

/// One account's share of what all calls use.
#[derive(Debug)]
pub(crate) struct Account {
    /// One permit for each of its calls that may run at the same time.
    pub(crate) calls: Semaphore,
    /// Linear memory of its guests, in bytes.
    pub(crate) memory: AtomicU64,
    /// When its last turn ended: see [`Turns`](crate::turns::Turns), under whose lock it is used.
    pub(crate) turns: AtomicU64,
}

/// How many accounts are remembered before those without calls are forgotten.
const MAX_IDLE: usize = 1024;

impl Accounts {
    /// Each account may have `calls` calls at the same time.
    pub(crate) fn new(calls: usize) -> Self {
        Self {
            calls,
            known: Mutex::default(),
        }
    }

    /// Calls of one account at the same time.
    pub(crate) fn calls(&self) -> usize {
        self.calls
    }

    /// The share of the account called `name`: the same one for all calls that hold it.
    pub(crate) fn of(&self, name: &str) -> Arc<Account> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = known.get(name) {
            return Arc::clone(account);
        }
        if known.len() >= MAX_IDLE {
            known.retain(|_, account| Arc::strong_count(account) > 1);
        }
        let account = Arc::new(Account {
            calls: Semaphore::new(self.calls),
            memory: AtomicU64::new(0),
            turns: AtomicU64::new(0),
        });
        known.insert(name.to_owned(), Arc::clone(&account));
        account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_account_while_it_has_calls() {
        let accounts = Accounts::new(8);
        let first = accounts.of("a");
        for number in 0..2 * MAX_IDLE {
            accounts.of(&format!("idle {number}"));
        }
        assert!(Arc::ptr_eq(&first, &accounts.of("a")));
        assert!(!Arc::ptr_eq(&first, &accounts.of("b")));
        assert!(accounts.known.lock().unwrap().len() <= MAX_IDLE + 1);
    }
}
