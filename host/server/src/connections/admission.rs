//! Who may open a connection: counted in all, and for each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::ConnectionLimits;
use crate::network::network;

/// Counts the connections that are open.
#[derive(Debug)]
pub(super) struct Admission {
    connections: usize,
    per_address: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The right to one open connection, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    admission: Arc<Admission>,
    address: IpAddr,
}

/// Why a connection was not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// As many are open as may be.
    All,
    /// As many are open from this address.
    Address,
}

impl Admission {
    pub(super) fn new(limits: &ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            connections: limits.connections,
            per_address: limits.per_address,
            open: Mutex::default(),
        })
    }

    /// Counts a connection from `address`, unless there are as many as may be.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Admitted, Full> {
        let address = network(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= self.connections {
            return Err(Full::All);
        }
        let here = open.by_address.entry(address).or_default();
        if *here >= self.per_address {
            return Err(Full::Address);
        }
        *here += 1;
        open.all += 1;
        Ok(Admitted {
            admission: Arc::clone(self),
            address,
        })
    }

    fn leave(&self, address: IpAddr) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        if let Some(here) = open.by_address.get_mut(&address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(connections: usize, per_address: usize) -> Arc<Admission> {
        Admission::new(&ConnectionLimits {
            connections,
            per_address,
            ..ConnectionLimits::default()
        })
    }

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_all_have_theirs() {
        let admission = admission(3, 2);
        let first = admission.admit(at("192.0.2.1")).unwrap();
        let _second = admission.admit(at("::ffff:192.0.2.1")).unwrap();
        assert_eq!(admission.admit(at("192.0.2.1")).unwrap_err(), Full::Address);
        let _third = admission.admit(at("192.0.2.2")).unwrap();
        assert_eq!(admission.admit(at("192.0.2.3")).unwrap_err(), Full::All);
        drop(first);
        assert!(admission.admit(at("192.0.2.1")).is_ok());
    }

    #[test]
    fn addresses_of_one_network_are_one_caller() {
        let admission = admission(9, 1);
        let _first = admission.admit(at("2001:db8::1")).unwrap();
        assert_eq!(
            admission.admit(at("2001:db8::ffff:1")).unwrap_err(),
            Full::Address
        );
        assert!(admission.admit(at("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn nobody_who_left_is_remembered() {
        let admission = admission(9, 9);
        drop(admission.admit(at("192.0.2.1")).unwrap());
        assert!(admission.open.lock().unwrap().by_address.is_empty());
    }
}
