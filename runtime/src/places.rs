//! Places for costly work: so many in all, and so many of one account, so that no account takes them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many places there are, and how long one is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceLimits {
    /// Places of one account.
    pub per_account: usize,
    /// Places of all accounts together.
    pub in_all: usize,
    /// How long to wait for a place.
    pub queue: Duration,
}

/// No place became free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no place became free within {0:?}")]
pub struct NoPlace(pub Duration);

/// The places for one kind of work. Cheap to clone: all clones share the places.
///
/// Whoever wants a place waits first behind the work of the same account, then behind that of all. At most
/// `per_account` of an account's waiters stand in the common line, so that its length is the number of accounts and
/// not of requests.
#[derive(Debug, Clone)]
pub struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: PlaceLimits,
    in_all: Arc<Semaphore>,
    accounts: Mutex<HashMap<String, AccountPlaces>>,
}

/// One account's places, kept while somebody has or wants one.
#[derive(Debug)]
struct AccountPlaces {
    free: Arc<Semaphore>,
    users: usize,
}

/// A place, given up when dropped.
#[derive(Debug)]
pub struct Place {
    // Dropped in this order: the account's entry goes last.
    _in_all: OwnedSemaphorePermit,
    _of_account: OwnedSemaphorePermit,
    _user: AccountUser,
}

/// Somebody who has or wants a place of an account.
#[derive(Debug)]
struct AccountUser {
    places: Arc<Inner>,
    account: String,
}

impl Places {
    /// Makes places with these limits, all free.
    pub fn new(limits: PlaceLimits) -> Self {
        Self(Arc::new(Inner {
            limits,
            in_all: Arc::new(Semaphore::new(limits.in_all)),
            accounts: Mutex::default(),
        }))
    }

    /// Waits for a place for `account`, at most as long as the limits say.
    ///
    /// # Errors
    /// [`NoPlace`] when none became free in that time.
    pub async fn take(&self, account: &str) -> Result<Place, NoPlace> {
        let queue = self.0.limits.queue;
        match tokio::time::timeout(queue, self.wait(account)).await {
            Ok(place) => place,
            Err(_) => Err(NoPlace(queue)),
        }
    }

    /// Waits for a place for `account` without a time limit: for work that must be done sooner or later and that nobody waits
    /// for.
    ///
    /// # Errors
    /// [`NoPlace`] never in practice: the places are not closed while somebody waits.
    pub async fn wait(&self, account: &str) -> Result<Place, NoPlace> {
        let (free, user) = self.0.enter(account);
        let closed = |_| NoPlace(Duration::ZERO);
        let of_account = free.acquire_owned().await.map_err(closed)?;
        let in_all = self.0.in_all.clone();
        Ok(Place {
            _in_all: in_all.acquire_owned().await.map_err(closed)?,
            _of_account: of_account,
            _user: user,
        })
    }

    /// How many places are free, of all.
    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.in_all.available_permits()
    }
}

impl Inner {
    fn enter(self: &Arc<Self>, account: &str) -> (Arc<Semaphore>, AccountUser) {
        let mut accounts = self.lock();
        let places = accounts
            .entry(account.to_owned())
            .or_insert_with(|| AccountPlaces {
                free: Arc::new(Semaphore::new(self.limits.per_account)),
                users: 0,
            });
        places.users += 1;
        let user = AccountUser {
            places: Arc::clone(self),
            account: account.to_owned(),
        };
        (places.free.clone(), user)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, AccountPlaces>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AccountUser {
    fn drop(&mut self) {
        let mut accounts = self.places.lock();
        if let Some(places) = accounts.get_mut(&self.account) {
            places.users -= 1;
            if places.users == 0 {
                accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(per_account: usize, in_all: usize, queue: Duration) -> Places {
        Places::new(PlaceLimits {
            per_account,
            in_all,
            queue,
        })
    }

    #[tokio::test]
    async fn one_account_does_not_take_anothers_places() {
        let places = places(2, 3, Duration::ZERO);
        let first = places.take("a").await.unwrap();
        let _second = places.take("a").await.unwrap();
        assert_eq!(places.take("a").await.unwrap_err(), NoPlace(Duration::ZERO));
        let _other = places.take("b").await.unwrap();
        assert_eq!(places.take("c").await.unwrap_err(), NoPlace(Duration::ZERO));
        drop(first);
        places.take("c").await.unwrap();
    }

    #[tokio::test]
    async fn whoever_waits_gets_the_place_that_is_given_up() {
        let places = places(1, 1, Duration::from_secs(3_600));
        let held = places.take("a").await.unwrap();
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.take("b").await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(held);
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn accounts_without_work_are_forgotten() {
        let places = places(1, 1, Duration::ZERO);
        let held = places.take("a").await.unwrap();
        assert!(places.take("b").await.is_err());
        drop(held);
        assert!(places.0.lock().is_empty());
        assert_eq!(places.free(), 1);
    }
}
