//! What one account uses, and each of its agents.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::host::Host;
use super::refusal::{NoRoom, Refusal};
use super::usage::Usage;

/// The sums of one account. Every charge of a folder passes here, on its way to the host's.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) host: Arc<Host>,
    /// The account's folder.
    path: PathBuf,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    measured: bool,
    total: Usage,
    agents: HashMap<String, Usage>,
}

impl Sums {
    pub(super) fn new(host: Arc<Host>, path: PathBuf) -> Self {
        Self {
            host,
            path,
            used: Mutex::default(),
        }
    }

    pub(super) fn are_measured(&self) -> bool {
        self.lock().measured
    }

    /// Takes over what was found on the disk. Only before anything was charged.
    pub(super) fn set(&self, agents: HashMap<String, Usage>) {
        let mut used = self.lock();
        if used.measured {
            return;
        }
        used.total = agents.values().copied().fold(Usage::default(), Usage::plus);
        used.agents = agents;
        used.measured = true;
        self.host.add(used.total.bytes);
    }

    /// Counts more for an agent, if it fits under all caps. Waits for the disk: not for async threads.
    pub(super) fn charge(&self, agent: &str, more: Usage) -> Result<(), Refusal> {
        let limits = &self.host.limits;
        let mut used = self.lock();
        let of_agent = used
            .agents
            .get(agent)
            .copied()
            .unwrap_or_default()
            .plus(more);
        let total = used.total.plus(more);
        let within = |is: u64, most: u64, refusal: NoRoom| {
            if is <= most { Ok(()) } else { Err(refusal) }
        };
        let most = limits.agent_bytes;
        within(of_agent.bytes, most, NoRoom::Agent { most })?;
        let most = limits.account_bytes;
        within(total.bytes, most, NoRoom::Account { most })?;
        let most = limits.account_entries;
        within(total.entries, most, NoRoom::AccountEntries { most })?;
        self.host.charge(&self.path, more.bytes)?;
        used.agents.insert(agent.to_owned(), of_agent);
        used.total = total;
        Ok(())
    }

    /// Counts less for an agent, at most what is counted for it.
    pub(super) fn refund(&self, agent: &str, less: Usage) {
        let mut used = self.lock();
        let Some(of_agent) = used.agents.get_mut(agent) else {
            return;
        };
        let less = less.at_most(*of_agent);
        *of_agent = of_agent.minus(less);
        used.total = used.total.minus(less);
        self.host.refund(less.bytes);
    }

    /// Counts nothing any more for an agent, whose folders are gone from the disk.
    pub(super) fn forget(&self, agent: &str) {
        self.refund(agent, Usage::BEYOND_COUNTING);
        self.lock().agents.remove(agent);
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StorageLimits;

    fn sums(host: &Arc<Host>) -> Sums {
        Sums::new(Arc::clone(host), std::env::temp_dir())
    }

    fn refused(sums: &Sums, agent: &str, bytes: u64) -> NoRoom {
        match sums.charge(agent, Usage::content(bytes)) {
            Err(Refusal::Room(refused)) => refused,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn each_cap_holds_and_what_is_refused_is_not_counted() {
        let host = Arc::new(Host::new(StorageLimits {
            agent_bytes: 100,
            account_bytes: 150,
            account_entries: 2,
            host_bytes: 200,
            min_free_disk: 0,
            ..StorageLimits::default()
        }));
        let (one, other) = (sums(&host), sums(&host));
        one.charge("a", Usage::content(90)).unwrap();
        assert_eq!(refused(&one, "a", 11), NoRoom::Agent { most: 100 });
        assert_eq!(refused(&one, "b", 61), NoRoom::Account { most: 150 });
        one.charge("b", Usage::content(60)).unwrap();
        assert_eq!(refused(&other, "c", 51), NoRoom::Host { most: 200 });
        other.charge("c", Usage::content(50)).unwrap();
        one.refund("a", Usage::content(90));
        other.charge("c", Usage::content(50)).unwrap();
        other.forget("c");
        one.charge(
            "a",
            Usage {
                bytes: 90,
                entries: 2,
            },
        )
        .unwrap();
        assert!(matches!(
            one.charge(
                "a",
                Usage {
                    bytes: 0,
                    entries: 1
                }
            ),
            Err(Refusal::Room(NoRoom::AccountEntries { most: 2 }))
        ));
    }

    #[test]
    fn below_the_floor_nothing_more_is_counted() {
        let host = Arc::new(Host::new(StorageLimits {
            min_free_disk: u64::MAX,
            host_bytes: 1,
            ..StorageLimits::default()
        }));
        let sums = sums(&host);
        for _ in 0..2 {
            assert_eq!(
                refused(&sums, "a", 1),
                NoRoom::DiskFloor { floor: u64::MAX }
            );
        }
    }
}
