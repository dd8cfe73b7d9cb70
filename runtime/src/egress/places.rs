//! Places for work under way, counted in all and for each account, so that no account takes all of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many accounts are remembered before those without a place are forgotten.
const SWEEP: usize = 256;

/// A number of places, of which one account gets a part.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    per_account: usize,
    /// Each account that holds a place or waits for one; the places themselves keep it alive.
    accounts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// One place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _of_account: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(all: usize, per_account: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            per_account,
            accounts: Mutex::default(),
        }
    }

    /// Waits for a place of the account's, then for one of all: whoever waits for its own account's takes none of the
    /// others'. First come, first served. `None` never happens while the places exist.
    pub(crate) async fn take(&self, account: &str) -> Option<Place> {
        let _of_account = self.of(account).acquire_owned().await.ok()?;
        let _of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Place {
            _of_account,
            _of_all,
        })
    }

    fn of(&self, account: &str) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = accounts.get(account).and_then(Weak::upgrade) {
            return known;
        }
        if accounts.len() >= SWEEP {
            accounts.retain(|_, places| places.strong_count() > 0);
        }
        let made = Arc::new(Semaphore::new(self.per_account));
        accounts.insert(account.to_owned(), Arc::downgrade(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn an_account_gets_its_part_and_leaves_the_rest() {
        let places = Places::new(3, 2);
        let take = |account: &str| places.take(account).now_or_never().flatten();
        let first = take("a").unwrap();
        let _second = take("a").unwrap();
        assert!(take("a").is_none(), "a third place of two");
        let _third = take("b").unwrap();
        assert!(take("b").is_none(), "a fourth place of three");
        drop(first);
        assert!(take("a").is_some());
    }

    #[test]
    fn who_waits_for_its_own_account_holds_up_nobody() {
        let places = Places::new(2, 1);
        let _held = places.take("a").now_or_never().flatten().unwrap();
        let mut waiting = Box::pin(places.take("a"));
        assert!((&mut waiting).now_or_never().is_none());
        assert!(places.take("b").now_or_never().flatten().is_some());
    }

    #[test]
    fn accounts_without_a_place_are_forgotten() {
        let places = Places::new(1, 1);
        for account in 0..10 * SWEEP {
            drop(places.take(&account.to_string()).now_or_never());
        }
        assert!(places.accounts.lock().unwrap().len() <= SWEEP);
    }
}
