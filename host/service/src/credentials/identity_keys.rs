//! The public keys of the identity provider: fetched by a task of their own, so that nobody who asks for them can stop it, and
//! kept for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use skillgate_store::{Store, Timestamp};
use tokio::sync::watch;

use super::identity_documents::{IdentityDocuments, IdentityKey};
use crate::config::{
    IDENTITY_KEYS_EARLY, IDENTITY_KEYS_FRESH, IDENTITY_KEYS_INTERVAL, IDENTITY_KEYS_STALE,
};
use crate::{Background, ServiceError};

/// The keys of one issuer. Clones are one.
#[derive(Clone)]
pub(super) struct IdentityKeys(Arc<Shared>);

struct Shared {
    documents: IdentityDocuments,
    store: Store,
    background: Background,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<Arc<KeySet>>,
    last_fetch: Option<Ended>,
    /// Its sender is dropped when the fetch that is under way ends.
    under_way: Option<watch::Receiver<()>>,
}

/// How the last fetch went.
#[derive(Clone, Copy)]
struct Ended {
    at: Timestamp,
    failed: bool,
}

/// The keys, as they were at one time.
struct KeySet {
    keys: Vec<IdentityKey>,
    fetched_at: Timestamp,
}

impl IdentityKeys {
    pub(super) fn new(documents: IdentityDocuments, store: Store, background: Background) -> Self {
        Self(Arc::new(Shared {
            documents,
            store,
            background,
            state: Mutex::default(),
        }))
    }

    /// The keys that a token's head may mean: all of that id; for a head that names none the only one of its algorithm. What
    /// is not known is asked for, but not again within [`IDENTITY_KEYS_INTERVAL`].
    ///
    /// # Errors
    /// `Unavailable` when no keys are known.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<IdentityKey>, ServiceError> {
        self.refresh_early();
        if self.at_hand(id, algorithm).is_empty() || self.is_overdue() {
            self.fetched().await;
        }
        match self.known() {
            Some(set) => Ok(set.find(id, algorithm)),
            None => Err(ServiceError::unavailable(
                "The identity provider does not answer, so that its tokens cannot be checked. Try again soon.",
            )),
        }
    }

    /// As [`IdentityKeys::find`], of what is known.
    pub(super) fn at_hand(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<IdentityKey> {
        let known = self.known();
        known.map_or_else(Vec::new, |set| set.find(id, algorithm))
    }

    /// Whether what is known must be asked for again before it is used. While the provider does not answer it need not.
    pub(super) fn is_overdue(&self) -> bool {
        let failed = self.state().last_fetch.is_some_and(|last| last.failed);
        !failed && self.is_older_than(IDENTITY_KEYS_FRESH)
    }

    /// Begins to fetch keys anew that will be overdue soon.
    pub(super) fn refresh_early(&self) {
        if self.is_older_than(IDENTITY_KEYS_EARLY) {
            self.fetch();
        }
    }

    /// The keys that may still be used.
    fn known(&self) -> Option<Arc<KeySet>> {
        let (known, now) = (self.state().known.clone(), self.0.store.now());
        known.filter(|set| age(set.fetched_at, now) < IDENTITY_KEYS_STALE)
    }

    fn is_older_than(&self, time: Duration) -> bool {
        let now = self.0.store.now();
        self.known()
            .is_some_and(|set| age(set.fetched_at, now) >= time)
    }

    /// Waits until a fetch has ended, if one is under way or may begin.
    async fn fetched(&self) {
        if let Some(mut under_way) = self.fetch() {
            // Nothing is ever sent: this ends when the sender is dropped.
            let _ = under_way.changed().await;
        }
    }

    /// Begins a fetch unless one is under way or has just ended; tells when the one under way ends.
    fn fetch(&self) -> Option<watch::Receiver<()>> {
        let now = self.0.store.now();
        let mut state = self.state();
        if let Some(under_way) = &state.under_way
            && under_way.has_changed().is_ok()
        {
            return Some(under_way.clone());
        }
        if state
            .last_fetch
            .is_some_and(|last| age(last.at, now) < IDENTITY_KEYS_INTERVAL)
        {
            return None;
        }
        let (ended, under_way) = watch::channel(());
        state.under_way = Some(under_way.clone());
        drop(state);
        let keys = self.clone();
        self.0.background.spawn(async move {
            let fetch = keys.0.documents.keys();
            let closing = keys.0.background.closing();
            if let Some(fetched) = closing.run_until_cancelled(fetch).await {
                keys.keep(fetched, now);
            }
            drop(ended);
        });
        Some(under_way)
    }

    fn keep(&self, fetched: Result<Vec<IdentityKey>, String>, fetched_at: Timestamp) {
        let at = self.0.store.now();
        let mut state = self.state();
        let failed = fetched.is_err();
        state.last_fetch = Some(Ended { at, failed });
        match fetched {
            Ok(keys) => state.known = Some(Arc::new(KeySet { keys, fetched_at })),
            Err(problem) => {
                let issuer = &self.0.documents.issuer;
                tracing::warn!(issuer, %problem, "the keys of the identity provider could not be fetched");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeySet {
    fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<IdentityKey> {
        let fits = |key: &&IdentityKey| {
            key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id)
        };
        let fitting: Vec<_> = self.keys.iter().filter(fits).cloned().collect();
        match id.is_none() && fitting.len() > 1 {
            true => Vec::new(),
            false => fitting,
        }
    }
}

fn age(then: Timestamp, now: Timestamp) -> Duration {
    let micros = now.as_micros().saturating_sub(then.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
