//! Connections only to addresses that were checked against the floor: they are found and checked before the client is
//! asked to send, and the client has no other way to learn an address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use super::blocked_addresses;
use super::error::{Blocked, EgressError};
use super::lookup::Names;

tokio::task_local! {
    /// Where the request that is being sent may connect to.
    static DESTINATION: Checked;
}

/// A host, and its addresses that were checked.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// As the client will ask for it; no name where the host is an address itself, which is never resolved.
    name: Option<Arc<str>>,
    addresses: Arc<[IpAddr]>,
}

impl Checked {
    /// Resolves a host and checks all of its addresses, remembered ones too. A name is refused if any of them is
    /// blocked: an honest public name has no private address.
    pub(super) async fn new(
        host: &Host<&str>,
        account: &str,
        names: &Names,
        allow: &[IpNet],
    ) -> Result<Self, EgressError> {
        let (name, addresses) = match host {
            Host::Ipv4(address) => (None, Arc::from([IpAddr::V4(*address)])),
            Host::Ipv6(address) => (None, Arc::from([IpAddr::V6(*address)])),
            Host::Domain(name) => (
                Some(Arc::from(*name)),
                names.addresses(account, name).await?,
            ),
        };
        for address in addresses.iter() {
            check(host, *address, allow).map_err(EgressError::Blocked)?;
        }
        Ok(Self { name, addresses })
    }

    /// Runs what sends the request. It must connect within this very task: what it starts elsewhere resolves nothing.
    pub(super) async fn scope<F: Future>(self, send: F) -> F::Output {
        DESTINATION.scope(self, send).await
    }

    fn of(&self, name: &str) -> Option<Vec<SocketAddr>> {
        let is_it = self.name.as_deref() == Some(name);
        is_it.then(|| {
            let at = |address: &IpAddr| SocketAddr::new(*address, 0);
            self.addresses.iter().map(at).collect()
        })
    }
}

/// The client's resolver: it knows the checked addresses of the request that is being sent, and nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct CheckedResolver;

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let checked = DESTINATION.try_with(|checked| checked.of(name.as_str()));
        let addresses = match checked {
            Ok(Some(addresses)) => Ok(Box::new(addresses.into_iter()) as Addrs),
            _ => Err(NotChecked(name.as_str().to_owned()).into()),
        };
        Box::pin(std::future::ready(addresses))
    }
}

fn check(host: &Host<&str>, address: IpAddr, allow: &[IpNet]) -> Result<(), Blocked> {
    match blocked_addresses::blocked(address, allow) {
        Some(kind) => Err(Blocked {
            host: host.to_string(),
            address,
            kind,
        }),
        None => Ok(()),
    }
}

/// The client asked for a name that is not the request's. It is not resolved.
#[derive(Debug, thiserror::Error)]
#[error("the addresses of {0} were not checked")]
struct NotChecked(String);
