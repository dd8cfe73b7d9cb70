//! The addresses of names: who is asked for them, on which thread, and what is remembered.

use std::fmt::Debug;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::oneshot;

use super::error::EgressError;
use crate::config::EgressLimits;
use crate::places::{PlaceLimits, Places};

/// The longest name that DNS has (RFC 1035, section 2.3.4), without the dot at its end.
const MAX_NAME: usize = 253;

/// Finds the addresses of a name. It may block for as long as it likes: it has a thread of its own.
pub trait NameLookup: Debug + Send + Sync {
    /// All addresses of `name`.
    ///
    /// # Errors
    /// When it has none, or nobody could be asked.
    fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The system's resolver, by its own configuration: `getaddrinfo`, and with it `/etc/hosts`.
#[derive(Debug, Clone, Copy)]
pub struct SystemLookup;

impl NameLookup for SystemLookup {
    fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let addresses = (name, 0).to_socket_addrs()?;
        Ok(addresses.map(|address| address.ip()).collect())
    }
}

/// The addresses of a name; `None` when it has none.
type Addresses = Option<Arc<[IpAddr]>>;
/// Account and name: what one account looked up tells another nothing.
type Key = (String, String);

/// Looks names up, a bounded number at once, and remembers the answers for a moment.
#[derive(Debug)]
pub(super) struct Names {
    lookup: Arc<dyn NameLookup>,
    places: Places,
    remembered: Cache<Key, Addresses>,
    timeout: Duration,
}

impl Names {
    pub(super) fn new(lookup: Arc<dyn NameLookup>, limits: &EgressLimits) -> Self {
        Self {
            lookup,
            places: Places::new(PlaceLimits {
                per_account: limits.lookups_per_account,
                in_all: limits.lookups,
                queue: limits.lookup_timeout,
            }),
            remembered: Cache::builder()
                .max_capacity(limits.remembered_names)
                .time_to_live(limits.remembered_for)
                .build(),
            timeout: limits.lookup_timeout,
        }
    }

    /// The addresses of `name`, at least one, not yet checked.
    pub(super) async fn addresses(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Arc<[IpAddr]>, EgressError> {
        if name.trim_end_matches('.').len() > MAX_NAME {
            return Err(EgressError::Dns(name.chars().take(MAX_NAME).collect()));
        }
        let key = (account.to_owned(), name.to_owned());
        if let Some(known) = self.remembered.get(&key) {
            return known.ok_or(EgressError::Dns(key.1));
        }
        let found = tokio::time::timeout(self.timeout, self.look_up(key)).await;
        let found = found.map_err(|_| EgressError::DnsTimeout(name.to_owned()))?;
        found.ok_or_else(|| EgressError::Dns(name.to_owned()))
    }

    /// Waits for a place, and asks. Whoever waited may find that somebody else was answered meanwhile.
    async fn look_up(&self, key: Key) -> Addresses {
        let place = self.places.wait(&key.0).await.ok()?;
        if let Some(known) = self.remembered.get(&key) {
            return known;
        }
        let (answer, answered) = oneshot::channel();
        let (lookup, remembered) = (Arc::clone(&self.lookup), self.remembered.clone());
        let ask = move || {
            let found = lookup.lookup(&key.1).unwrap_or_default();
            let found = (!found.is_empty()).then(|| Arc::from(found));
            remembered.insert(key, found.clone());
            // The place goes with the thread, not with the request: that may be gone while the lookup is not.
            drop(place);
            let _ = answer.send(found);
        };
        // A thread of its own: tokio's blocking threads also serve files, the database and the model's names, and the
        // process does not wait for it when it ends.
        if let Err(error) = std::thread::Builder::new()
            .name("name-lookup".to_owned())
            .spawn(ask)
        {
            tracing::warn!(%error, "a name is not looked up: no thread could be started");
        }
        answered.await.ok().flatten()
    }
}
