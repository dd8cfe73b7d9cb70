//! How the file descriptors that the system grants are shared out.

/// Descriptors for the host itself, a part of all: the listener, the database and its log, packages, compiling
/// children, lookups of names, requests to providers.
const HOST_SHARE: u64 = 4;
const HOST_LEAST: u64 = 64;
const HOST_MOST: u64 = 1_024;

/// Parts of a hundred of what the host leaves.
const CONNECTIONS: u64 = 40;
const REQUESTS: u64 = 20;

/// No more than this is shared out, however much the system grants: each connection, request and open file takes
/// memory too.
const MAX_CONNECTIONS: u64 = 4_096;
const MAX_REQUESTS: u64 = 512;
const MAX_OPEN_FILES: u64 = 16_384;

/// Requests to the outside are counted twice, because IPv6 and IPv4 may be tried side by side.
const PER_REQUEST: u64 = 2;

/// Shares of one account, or address, in what all have.
const ACCOUNT_SHARE: u64 = 8;
const ADDRESS_SHARE: u64 = 2;

/// Who may hold how many of the process's descriptors at once. The shares never add up to more than there are (but for
/// the least of each, where there are fewer than a hundred), so that nobody's use makes another's `accept`, database
/// or file fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DescriptorBudget {
    /// What the host keeps for itself.
    pub host: usize,
    /// Connections that callers open.
    pub connections: usize,
    /// Those of one address.
    pub connections_per_address: usize,
    /// Requests that skills send.
    pub requests: usize,
    /// Those of one account.
    pub requests_per_account: usize,
    /// Files and folders that skills hold open.
    pub open_files: usize,
    /// Those of one account.
    pub open_files_per_account: usize,
}

impl DescriptorBudget {
    /// Shares out `available` descriptors: the soft limit of RLIMIT_NOFILE.
    pub fn new(available: u64) -> Self {
        let host = (available / HOST_SHARE).clamp(HOST_LEAST, HOST_MOST);
        let rest = available.saturating_sub(host);
        let connections = (rest.saturating_mul(CONNECTIONS) / 100).min(MAX_CONNECTIONS);
        let requests = (rest.saturating_mul(REQUESTS) / 100 / PER_REQUEST).min(MAX_REQUESTS);
        let open_files =
            (rest.saturating_mul(100 - CONNECTIONS - REQUESTS) / 100).min(MAX_OPEN_FILES);
        Self {
            host: count(host),
            connections: count(connections),
            connections_per_address: count(connections / ADDRESS_SHARE),
            requests: count(requests),
            requests_per_account: count(requests / ACCOUNT_SHARE),
            open_files: count(open_files),
            open_files_per_account: count(open_files / ACCOUNT_SHARE),
        }
    }
}

/// As a number of places: at least one, because none would refuse everybody.
fn count(descriptors: u64) -> usize {
    usize::try_from(descriptors).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_never_exceed_what_there_is() {
        for available in [100, 128, 256, 1_024, 4_096, 65_536, 1 << 20, u64::MAX] {
            let budget = DescriptorBudget::new(available);
            let shared = [
                budget.host,
                budget.connections,
                budget.requests * 2,
                budget.open_files,
            ];
            let sum: usize = shared.iter().sum();
            assert!(sum as u64 <= available, "{available}: {budget:?}");
            assert!(budget.connections_per_address <= budget.connections);
            assert!(budget.requests_per_account <= budget.requests);
            assert!(budget.open_files_per_account <= budget.open_files);
        }
    }

    #[test]
    fn the_usual_limits() {
        assert_eq!(
            DescriptorBudget::new(1_024),
            DescriptorBudget {
                host: 256,
                connections: 307,
                connections_per_address: 153,
                requests: 76,
                requests_per_account: 9,
                open_files: 307,
                open_files_per_account: 38,
            }
        );
        let plenty = DescriptorBudget::new(65_536);
        assert_eq!(
            (plenty.connections, plenty.requests, plenty.open_files),
            (4_096, 512, 16_384)
        );
    }

    #[test]
    fn nobody_is_left_with_none() {
        let budget = DescriptorBudget::new(0);
        assert!(budget.connections >= 1 && budget.requests_per_account >= 1);
        assert!(budget.open_files_per_account >= 1);
    }
}
