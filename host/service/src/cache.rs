//! Remembers for a moment what was read from the store, and forgets it when the store's own writes change it.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use skillgate_store::{Change, Store};

use crate::ServiceError;

/// Counters that keys share. With more of them fewer values are read again because another key changed; each takes eight
/// bytes.
const SLOTS: usize = 1_024;

/// Values read from the store, by key: a bounded number of them, each for a bounded time. Clones are one cache.
///
/// This process's own writes are seen at once: a value is only given out while its [`Epoch`] is the key's. Writes of
/// other processes are seen when the time is over.
#[derive(Clone)]
pub(crate) struct Cache<K, V> {
    entries: moka::future::Cache<K, Entry<V>>,
    epochs: Arc<Epochs>,
}

#[derive(Clone)]
struct Entry<V> {
    /// The key's epoch when reading the value began.
    epoch: Epoch,
    value: V,
}

/// How often a key was invalidated, or one that shares its slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(u64);

impl<K, V> Cache<K, V>
where
    K: Clone + Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Remembers at most `capacity` values, each for `time_to_live`.
    pub(crate) fn new(capacity: u64, time_to_live: Duration) -> Self {
        let entries = moka::future::Cache::builder()
            .max_capacity(capacity)
            .time_to_live(time_to_live)
            .build();
        Self {
            entries,
            epochs: Arc::default(),
        }
    }

    /// Calls `invalidate` with each change that the store makes, before the verb that made it returns.
    pub(crate) fn fed_by(
        self,
        store: &Store,
        invalidate: impl Fn(&Self, &Change) + Send + Sync + 'static,
    ) -> Self {
        let cache = self.clone();
        store.on_change(move |change| invalidate(&cache, change));
        self
    }

    /// The value of a key, if it is remembered and still holds.
    pub(crate) async fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let entry = self.entries.get(key).await?;
        (entry.epoch >= self.epoch(key)).then_some(entry.value)
    }

    /// The epoch of a key. Asked for before a value is read, so that a change meanwhile is noticed.
    pub(crate) fn epoch<Q: Hash + ?Sized>(&self, key: &Q) -> Epoch {
        self.epochs.of(key)
    }

    /// Remembers a value that was read since `epoch`.
    pub(crate) async fn insert(&self, key: K, value: V, epoch: Epoch) {
        self.entries.insert(key, Entry { epoch, value }).await;
    }

    /// The value of a key, read where it is not remembered: once for all who want it at the same time. `read` may be called
    /// a second time, when what another caller had begun to read was changed meanwhile. An error goes to all who wait.
    pub(crate) async fn get_or_read<Q, F>(
        &self,
        key: &Q,
        read: impl Fn() -> F,
    ) -> Result<V, ServiceError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = Result<V, ServiceError>>,
    {
        let wanted = self.epoch(key);
        loop {
            let entry = async {
                let epoch = self.epoch(key);
                let value = read().await?;
                Ok::<_, ServiceError>(Entry { epoch, value })
            };
            let entry = self.entries.try_get_with_by_ref(key, entry).await;
            let entry = entry.map_err(|error: Arc<ServiceError>| ServiceError::clone(&error))?;
            if entry.epoch >= wanted {
                return Ok(entry.value);
            }
            self.entries.invalidate(key).await;
        }
    }

    /// Makes a key's value be read again; also that of a reader who has begun and not ended.
    pub(crate) fn invalidate<Q: Hash + ?Sized>(&self, key: &Q) {
        self.epochs.advance(key);
    }

    /// Makes all values be read again.
    pub(crate) fn invalidate_all(&self) {
        self.epochs.advance_all();
    }
}

/// Counters that only grow.
struct Epochs {
    hasher: RandomState,
    all: AtomicU64,
    slots: Vec<AtomicU64>,
}

impl Default for Epochs {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            all: AtomicU64::new(0),
            slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Epochs {
    fn of<Q: Hash + ?Sized>(&self, key: &Q) -> Epoch {
        let own = self.slot(key).load(Ordering::SeqCst);
        Epoch(own + self.all.load(Ordering::SeqCst))
    }

    fn advance<Q: Hash + ?Sized>(&self, key: &Q) {
        self.slot(key).fetch_add(1, Ordering::SeqCst);
    }

    fn advance_all(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
    }

    fn slot<Q: Hash + ?Sized>(&self, key: &Q) -> &AtomicU64 {
        let place = self.hasher.hash_one(key) % self.slots.len().max(1) as u64;
        self.slots.get(place as usize).unwrap_or(&self.all)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Notify;

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_value_is_read_once_until_it_is_invalidated() {
        let cache: Cache<String, usize> = Cache::new(10, LONG);
        let reads = AtomicUsize::new(0);
        let value =
            || cache.get_or_read("key", || async { Ok(reads.fetch_add(1, Ordering::SeqCst)) });
        assert_eq!((value().await.unwrap(), value().await.unwrap()), (0, 0));
        cache.invalidate("key");
        assert_eq!(cache.get("key").await, None);
        assert_eq!(value().await.unwrap(), 1);
        cache.invalidate_all();
        assert_eq!((value().await.unwrap(), value().await.unwrap()), (2, 2));
    }

    #[tokio::test]
    async fn what_was_changed_while_it_was_read_is_read_again() {
        let cache: Cache<String, u32> = Cache::new(10, LONG);
        let (begun, go_on) = (Notify::new(), Notify::new());
        let slow = cache.get_or_read("key", || async {
            begun.notify_one();
            go_on.notified().await;
            Ok(1)
        });
        let changed = async {
            begun.notified().await;
            cache.invalidate("key");
            let fresh = cache.get_or_read("key", || async { Ok(2) });
            let (fresh, ()) = tokio::join!(fresh, async { go_on.notify_one() });
            fresh
        };
        let (slow, fresh) = tokio::join!(slow, changed);
        assert_eq!(slow.unwrap(), 1, "it asked before the change");
        assert_eq!(fresh.unwrap(), 2, "it asked after the change");
        assert_eq!(cache.get("key").await, Some(2));
    }

    #[tokio::test]
    async fn a_value_read_before_a_change_is_not_remembered_as_fresh() {
        let cache: Cache<String, u32> = Cache::new(10, LONG);
        let epoch = cache.epoch("key");
        cache.invalidate("key");
        cache.insert("key".to_owned(), 1, epoch).await;
        assert_eq!(cache.get("key").await, None);
    }
}
