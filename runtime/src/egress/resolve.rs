//! Name resolution that checks every address against the floor, so that a connection can only be
//! made to an address that was checked.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::error::Blocked;
use super::floor;

/// Resolves with the system's resolver and refuses a name if any of its addresses is blocked:
/// an honest public name has no private address.
#[derive(Debug, Clone)]
pub(super) struct FloorResolver {
    pub(super) allow: Arc<[IpNet]>,
}

impl Resolve for FloorResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow = Arc::clone(&self.allow);
        Box::pin(async move {
            let host = name.as_str();
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, 0))
                .await
                .map_err(|_| NoAddress(host.to_owned()))?
                .collect();
            if addresses.is_empty() {
                return Err(NoAddress(host.to_owned()).into());
            }
            for address in &addresses {
                check(host, address.ip(), &allow)?;
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Checks a host that is an address itself: such a host is never resolved.
pub(super) fn check_literal(host: &Host<&str>, allow: &[IpNet]) -> Result<(), Blocked> {
    match host {
        Host::Ipv4(address) => check(&address.to_string(), IpAddr::V4(*address), allow),
        Host::Ipv6(address) => check(&address.to_string(), IpAddr::V6(*address), allow),
        Host::Domain(_) => Ok(()),
    }
}

fn check(host: &str, address: IpAddr, allow: &[IpNet]) -> Result<(), Blocked> {
    match floor::blocked(address, allow) {
        Some(kind) => Err(Blocked {
            host: host.to_owned(),
            address,
            kind,
        }),
        None => Ok(()),
    }
}

/// The name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name {0} could not be resolved")]
pub(super) struct NoAddress(pub(super) String);
