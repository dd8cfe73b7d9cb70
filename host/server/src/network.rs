//! What counts as one caller where only its address is known.

use std::net::{IpAddr, Ipv6Addr};

/// What one caller has many of: an IPv4 address is its own, of an IPv6 address the first 64 bits count.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}
