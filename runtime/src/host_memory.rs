//! The linear memory of all guests together, and one account's share of it: a machine has less than
//! as many calls as may run would be allowed one by one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::accounts::Account;
use crate::agent_usage::AgentMeter;

/// The budget of all guests.
#[derive(Debug)]
pub(crate) struct HostMemory {
    /// Bytes that all guests may hold.
    total: u64,
    /// Bytes that the guests of one account may hold.
    per_account: u64,
    /// Bytes that are held.
    held: AtomicU64,
}

/// Which bound was reached; each with its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoMemory {
    /// All guests together.
    Host(u64),
    /// Those of the account.
    Account(u64),
}

impl HostMemory {
    pub(crate) fn new(total: u64, per_account: u64) -> Self {
        Self {
            total,
            per_account: per_account.min(total),
            held: AtomicU64::new(0),
        }
    }

    /// Bytes that the guests of one account may hold together.
    pub(crate) fn per_account(&self) -> u64 {
        self.per_account
    }

    /// Bytes that are held now.
    #[cfg(test)]
    fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }
}

/// What one guest holds. Given back when it is dropped.
#[derive(Debug)]
pub(crate) struct HeldMemory {
    host: Arc<HostMemory>,
    account: Arc<Account>,
    agent: Arc<AgentMeter>,
    bytes: u64,
}

impl HeldMemory {
    /// Holds nothing yet.
    pub(crate) fn nothing(
        host: Arc<HostMemory>,
        account: Arc<Account>,
        agent: Arc<AgentMeter>,
    ) -> Self {
        Self {
            host,
            account,
            agent,
            bytes: 0,
        }
    }

    /// Holds `bytes` in all.
    ///
    /// # Errors
    /// When there is no room; then it holds what it held before.
    pub(crate) fn grow(&mut self, bytes: u64) -> Result<(), NoMemory> {
        let more = bytes.saturating_sub(self.bytes);
        let (host, account) = (&self.host, &self.account);
        if !take(&account.memory, more, host.per_account) {
            return Err(NoMemory::Account(host.per_account));
        }
        if !take(&host.held, more, host.total) {
            account.memory.fetch_sub(more, Ordering::Relaxed);
            return Err(NoMemory::Host(host.total));
        }
        self.agent.hold(more);
        self.bytes += more;
        Ok(())
    }
}

impl Drop for HeldMemory {
    fn drop(&mut self) {
        self.agent.release(self.bytes);
        self.account.memory.fetch_sub(self.bytes, Ordering::Relaxed);
        self.host.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Adds `more` to `held` unless that would be above `most`.
fn take(held: &AtomicU64, more: u64, most: u64) -> bool {
    let fits = |held: u64| held.checked_add(more).filter(|sum| *sum <= most);
    held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Accounts;

    #[test]
    fn each_bound_holds_and_what_is_dropped_is_free_again() {
        let host = Arc::new(HostMemory::new(100, 60));
        let accounts = Accounts::new(8);
        let meter = Arc::new(AgentMeter::default());
        let of = |name: &str| {
            HeldMemory::nothing(Arc::clone(&host), accounts.of(name), Arc::clone(&meter))
        };
        let (mut first, mut second, mut other) = (of("a"), of("a"), of("b"));
        assert_eq!(first.grow(40), Ok(()));
        assert_eq!(first.grow(40), Ok(()), "no more than before");
        assert_eq!(second.grow(30), Err(NoMemory::Account(60)));
        assert_eq!(second.grow(20), Ok(()));
        assert_eq!(other.grow(50), Err(NoMemory::Host(100)));
        assert_eq!(other.grow(40), Ok(()));
        assert_eq!((host.held(), meter.read().0), (100, 100));
        drop(first);
        assert_eq!((host.held(), second.grow(60)), (60, Ok(())));
        drop((second, other));
        assert_eq!(host.held(), 0);
    }
}
