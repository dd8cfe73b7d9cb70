//! What the calls of one account use at the same time.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

/// Accounts with calls under way. Others are forgotten when there are many.
pub(crate) struct Accounts {
    /// Calls of one account at the same time.
    calls: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    accounts: HashMap<String, Arc<Account>>,
    next: u64,
}

/// One account's share of what all calls use.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// One permit for each of its calls that may run at the same time.
    pub(crate) calls: Semaphore,
    /// Linear memory of its guests, in bytes.
    pub(crate) memory: AtomicU64,
}

/// Names an account for as long as it has calls under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccountId(pub(crate) u64);

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
        if let Some(account) = known.accounts.get(name) {
            return Arc::clone(account);
        }
        if known.accounts.len() >= MAX_IDLE {
            known
                .accounts
                .retain(|_, account| Arc::strong_count(account) > 1);
        }
        let account = Arc::new(Account {
            id: AccountId(known.next),
            calls: Semaphore::new(self.calls),
            memory: AtomicU64::new(0),
        });
        known.next += 1;
        known.accounts.insert(name.to_owned(), Arc::clone(&account));
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
        assert_ne!(first.id, accounts.of("b").id);
        assert!(accounts.known.lock().unwrap().accounts.len() <= MAX_IDLE + 1);
    }
}
