//! The operator's limits, put over the defaults of each area and over what the descriptors allow.

use skillgate_agent::Budget;
use skillgate_runtime::{CompileLimits, EgressLimits, GuestConfig, PlaceLimits, StorageLimits};
use skillgate_server::config::{ConnectionLimits, DescriptorBudget};
use skillgate_service::config::{
    AccountLimits, LoadedSkillLimits, PackageLimits, ServiceLimits, WorkPlaces,
};

use crate::args::{Database, Limits};

impl Limits {
    /// What the server's own work may take. What is received and not in memory lies beside the database: a temporary
    /// folder may be in memory too.
    pub(super) fn services(
        &self,
        database: &Database,
        descriptors: DescriptorBudget,
    ) -> ServiceLimits {
        ServiceLimits {
            accounts: self.accounts(),
            packages: PackageLimits {
                receiving: of_host(PackageLimits::default().receiving, descriptors),
                spool_dir: Some(database.data.clone()),
                memory: self
                    .package_memory
                    .unwrap_or(PackageLimits::default().memory),
                ..PackageLimits::default()
            },
            loaded_skills: self.loaded_skills(),
            places: self.places(descriptors),
            ..ServiceLimits::default()
        }
    }

    /// What callers' connections may hold.
    pub(super) fn connections(&self, descriptors: DescriptorBudget) -> ConnectionLimits {
        let connections = self.max_connections.unwrap_or(descriptors.connections);
        let half = (connections / 2).max(1);
        ConnectionLimits {
            connections,
            per_address: self.max_connections_per_address.unwrap_or(half),
            ..ConnectionLimits::default()
        }
    }

    fn accounts(&self) -> AccountLimits {
        let default = AccountLimits::default();
        let bytes = self.max_package_bytes;
        let bytes = bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        AccountLimits {
            max_rate_limit: self.max_rate_limit,
            package_bytes: bytes.unwrap_or(default.package_bytes),
            ..default
        }
    }

    /// One account has at most half of what is kept ready.
    fn loaded_skills(&self) -> LoadedSkillLimits {
        let default = LoadedSkillLimits::default();
        let in_all = self.loaded_skills_memory.unwrap_or(default.in_all);
        LoadedSkillLimits {
            in_all,
            per_account: in_all / 2,
            ..default
        }
    }

    /// Behind a proxy all callers come from one address: no account may hold so many of its connections that the others,
    /// and probes, find none.
    fn places(&self, descriptors: DescriptorBudget) -> WorkPlaces {
        let default = WorkPlaces::default();
        let runs = default.runs;
        WorkPlaces {
            runs: PlaceLimits {
                in_all: self.max_runs.unwrap_or(runs.in_all),
                per_account: self.max_runs_per_account.unwrap_or(runs.per_account),
                ..runs
            },
            chats: of_connections(default.chats, descriptors, 4),
            run_listeners: of_connections(default.run_listeners, descriptors, 8),
            streams: of_connections(default.streams, descriptors, 8),
            page_reads: default.page_reads,
        }
    }

    /// What one turn of an agent may use.
    pub(super) fn budget(&self) -> Budget {
        let default = Budget::default();
        Budget {
            tool_calls: self.max_tool_calls.unwrap_or(default.tool_calls),
            ..default
        }
    }

    /// What all sandboxes may use.
    pub(super) fn guests(&self) -> GuestConfig {
        let default = GuestConfig::default();
        let memory = self.guest_memory.unwrap_or(default.memory);
        let share = GuestConfig::share_of(memory);
        GuestConfig {
            threads: self.guest_threads.unwrap_or(default.threads),
            memory,
            memory_per_account: self.guest_memory_per_account.unwrap_or(share),
            calls_per_account: self.max_calls_per_account,
            ..default
        }
    }

    /// How many requests skills may have under way.
    pub(super) fn egress(&self, descriptors: DescriptorBudget) -> EgressLimits {
        let requests = self.max_requests.unwrap_or(descriptors.requests);
        let share = (requests / 8).max(1);
        EgressLimits {
            requests,
            requests_per_account: self.max_requests_per_account.unwrap_or(share),
            ..EgressLimits::default()
        }
    }

    /// How much compiled code is kept on the disk.
    pub(super) fn compile(&self) -> CompileLimits {
        let default = CompileLimits::default();
        CompileLimits {
            cache_bytes: self.compiled_cache_size.unwrap_or(default.cache_bytes),
            ..default
        }
    }

    /// What skills may keep on the disk, and how many files they may hold open.
    pub(super) fn storage(&self, descriptors: DescriptorBudget) -> StorageLimits {
        let default = StorageLimits::default();
        let of_account = descriptors.open_files_per_account;
        StorageLimits {
            files_quota: self.max_files_quota.unwrap_or(default.files_quota),
            kv_quota: self.max_kv_quota.unwrap_or(default.kv_quota),
            agent_bytes: self.max_agent_storage.unwrap_or(default.agent_bytes),
            account_bytes: self.max_account_storage.unwrap_or(default.account_bytes),
            host_bytes: self.max_host_storage.unwrap_or(default.host_bytes),
            min_free_disk: self.min_free_disk.unwrap_or(default.min_free_disk),
            // A call that may hold more than its account may would only wait for itself.
            open_files_per_call: default.open_files_per_call.min(of_account),
            open_files_per_account: of_account,
            open_files: descriptors.open_files,
            ..default
        }
    }
}

/// These places, at most half as many as the host has descriptors: each may have a file open, and the rest is the
/// database's and others'.
fn of_host(places: PlaceLimits, descriptors: DescriptorBudget) -> PlaceLimits {
    let in_all = places.in_all.min(descriptors.host / 2).max(1);
    PlaceLimits {
        per_account: places.per_account.min((in_all / 4).max(1)),
        in_all,
        ..places
    }
}

/// These places, of which one account has at most this part of one address's connections.
fn of_connections(places: PlaceLimits, descriptors: DescriptorBudget, part: usize) -> PlaceLimits {
    let share = (descriptors.connections_per_address / part).max(1);
    PlaceLimits {
        per_account: places.per_account.min(share),
        ..places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_callers_share_follows_what_the_operator_gives_in_all() {
        let limits = Limits {
            max_connections: Some(100),
            max_requests: Some(16),
            guest_memory: Some(8 << 30),
            ..Limits::default()
        };
        let descriptors = DescriptorBudget::new(65_536);
        let connections = limits.connections(descriptors);
        assert_eq!(
            (connections.connections, connections.per_address),
            (100, 50)
        );
        let requests = limits.egress(descriptors);
        assert_eq!((requests.requests, requests.requests_per_account), (16, 2));
        let guests = limits.guests();
        assert_eq!(
            (guests.memory, guests.memory_per_account),
            (8 << 30, 2 << 30)
        );
    }

    #[test]
    fn a_call_may_not_hold_more_files_than_its_account() {
        let storage = Limits::default().storage(DescriptorBudget::new(256));
        assert!(storage.open_files_per_call <= storage.open_files_per_account);
    }
}
