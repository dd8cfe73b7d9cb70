//! The door for requests that leave the host: where they may go, how long they may take, how many there may be.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use super::MIB;
use crate::egress::{NameLookup, SystemLookup};

/// The door for requests. Beside the skill's rules stands the floor: addresses that are private,
/// loopback, link-local or otherwise not public are refused unless `allow` names them.
#[derive(Debug, Clone)]
pub struct EgressPolicy {
    /// Networks that the floor lets through. Empty means none.
    pub allow: Vec<IpNet>,
    /// Longest time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Longest time of one request: waiting for a lookup, redirects and body included.
    pub timeout: Duration,
    /// Most redirects followed for one request.
    pub max_redirects: u32,
    /// Largest request body in bytes.
    pub max_request_body: u64,
    /// Largest response body in bytes.
    pub max_response_body: u64,
    /// Largest response head in bytes, names and values of its headers together.
    pub max_response_head: u64,
    /// How many requests and lookups there may be at once.
    pub limits: EgressLimits,
    /// Where the addresses of names come from: the system, unless the host brings a resolver of its own.
    pub names: Arc<dyn NameLookup>,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            max_redirects: 5,
            max_request_body: 8 * MIB,
            max_response_body: 16 * MIB,
            max_response_head: 64 << 10,
            limits: EgressLimits::default(),
            names: Arc::new(SystemLookup),
        }
    }
}

/// How many requests and lookups skills may have under way at once, and how long one waits for a place.
#[derive(Debug, Clone)]
pub struct EgressLimits {
    /// Requests under way in all. Each holds one descriptor, for a moment two while IPv6 and IPv4 are tried side by
    /// side, until its answer's body was read to the end or dropped.
    pub requests: usize,
    /// Requests under way of one account, so that no account takes all.
    pub requests_per_account: usize,
    /// How long a request waits for a place before it is refused.
    pub place_timeout: Duration,
    /// Lookups of names under way in all. Each holds a thread until the system's resolver answers, which for a name
    /// server that is silent takes half a minute; nothing can end it before.
    pub lookups: usize,
    /// Lookups under way of one account, so that a silent name server of one does not stop the others.
    pub lookups_per_account: usize,
    /// How long a request waits for its name's addresses, waiting for a place to look them up included.
    pub lookup_timeout: Duration,
    /// Names whose addresses, or lack of any, are remembered.
    pub remembered_names: u64,
    /// How long they are remembered. Short, because nobody tells us how long they hold.
    pub remembered_for: Duration,
}

impl Default for EgressLimits {
    fn default() -> Self {
        Self {
            requests: 256,
            requests_per_account: 32,
            place_timeout: Duration::from_secs(10),
            lookups: 32,
            lookups_per_account: 4,
            lookup_timeout: Duration::from_secs(5),
            remembered_names: 1_024,
            remembered_for: Duration::from_secs(10),
        }
    }
}
