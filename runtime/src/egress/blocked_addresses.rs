//! The floor under every rule: which addresses no request may reach unless the operator allows them.
//!
//! Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890 and its
//! updates), and the cloud providers' metadata addresses outside those.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Says why the floor blocks an address, `None` when it may be reached. An IPv6 address that
/// carries an IPv4 one (mapped, compatible, NAT64, 6to4) is judged by that one too.
pub(crate) fn blocked(address: IpAddr, allow: &[IpNet]) -> Option<&'static str> {
    if allow.iter().any(|net| net.contains(&address)) {
        return None;
    }
    match address {
        IpAddr::V4(v4) => V4
            .iter()
            .find(|(net, _)| net.contains(&v4))
            .map(|(_, kind)| *kind),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => blocked(IpAddr::V4(v4), allow),
            None => V6
                .iter()
                .find(|(net, _)| net.contains(&v6))
                .map(|(_, kind)| *kind),
        },
    }
}

/// The IPv4 address inside an IPv6 one, if it is of a form that carries one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match s {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0xffff | 0, ..] => Some(pair(s[6], s[7])),
        [0, 0, 0, 0, 0xffff, 0, ..] => Some(pair(s[6], s[7])),
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(pair(s[6], s[7])),
        [0x2002, ..] => Some(pair(s[1], s[2])),
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// The first match names the kind, so narrow nets come before wide ones.
const V4: &[(Ipv4Net, &str)] = &[
    (v4(169, 254, 169, 254, 32), "cloud metadata"),
    (v4(168, 63, 129, 16, 32), "cloud metadata"),
    (v4(100, 100, 100, 200, 32), "cloud metadata"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(10, 0, 0, 0, 8), "private"),
    (v4(172, 16, 0, 0, 12), "private"),
    (v4(192, 168, 0, 0, 16), "private"),
    (v4(169, 254, 0, 0, 16), "link-local"),
    (v4(100, 64, 0, 0, 10), "carrier-grade NAT"),
    (v4(0, 0, 0, 0, 8), "unspecified"),
    (v4(192, 0, 0, 0, 24), "reserved for protocols"),
    (v4(192, 0, 2, 0, 24), "reserved for documentation"),
    (v4(198, 51, 100, 0, 24), "reserved for documentation"),
    (v4(203, 0, 113, 0, 24), "reserved for documentation"),
    (v4(192, 88, 99, 0, 24), "reserved for 6to4 relays"),
    (v4(198, 18, 0, 0, 15), "reserved for benchmarks"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved"),
];

const V6: &[(Ipv6Net, &str)] = &[
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (
        Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128),
        "unspecified",
    ),
    (v6(0xfc00, 0, 0, 7), "private (unique local)"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "private (site-local)"),
    (v6(0xff00, 0, 0, 8), "multicast"),
    (v6(0x64, 0xff9b, 1, 48), "private (local NAT64)"),
    (v6(0x100, 0, 0, 64), "reserved (discard)"),
    (v6(0x2001, 0, 0, 32), "reserved for Teredo tunnels"),
    (v6(0x2001, 2, 0, 48), "reserved for benchmarks"),
    (v6(0x2001, 0xdb8, 0, 32), "reserved for documentation"),
    (v6(0x3fff, 0, 0, 20), "reserved for documentation"),
    (v6(0x5f00, 0, 0, 16), "reserved for segment routing"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str) -> Option<&'static str> {
        blocked(address.parse().unwrap(), &[])
    }

    #[test]
    fn public_addresses_pass() {
        for address in [
            "1.1.1.1",
            "93.184.215.14",
            "2606:4700:4700::1111",
            "64:ff9b::101:101",
            "172.32.0.1",
            "100.128.0.1",
        ] {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    #[test]
    fn every_private_form_is_blocked() {
        for (address, expected) in [
            ("127.0.0.1", "loopback"),
            ("127.255.0.9", "loopback"),
            ("0.0.0.0", "unspecified"),
            ("10.1.2.3", "private"),
            ("172.31.255.255", "private"),
            ("192.168.0.1", "private"),
            ("169.254.169.254", "cloud metadata"),
            ("169.254.1.1", "link-local"),
            ("168.63.129.16", "cloud metadata"),
            ("100.64.0.1", "carrier-grade NAT"),
            ("224.0.0.1", "multicast"),
            ("255.255.255.255", "reserved"),
            ("::1", "loopback"),
            ("::", "unspecified"),
            ("fd00:ec2::254", "private (unique local)"),
            ("fe80::1", "link-local"),
            ("ff02::1", "multicast"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::127.0.0.1", "loopback"),
            ("64:ff9b::a9fe:a9fe", "cloud metadata"),
            ("64:ff9b:1::1", "private (local NAT64)"),
            ("2002:7f00:1::", "loopback"),
            ("2002:c0a8:101::1", "private"),
            ("2001:0:1::1", "reserved for Teredo tunnels"),
        ] {
            assert_eq!(kind(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn the_operator_allows_by_network() {
        let allow: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap()];
        assert_eq!(blocked("127.0.0.1".parse().unwrap(), &allow), None);
        assert_eq!(blocked("::ffff:127.0.0.1".parse().unwrap(), &allow), None);
        assert_eq!(blocked("::1".parse().unwrap(), &allow), Some("loopback"));
        assert_eq!(
            blocked("10.0.0.1".parse().unwrap(), &allow),
            Some("private")
        );
    }
}
