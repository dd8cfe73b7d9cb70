//! Which server an address is of.

use url::{Host, Url};

/// Whether the address is of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether two addresses are of the same server: scheme, host and port are equal, or both are this machine's, however it
/// is spelled, with the same scheme and port.
pub(crate) fn is_same(one: &Url, other: &Url) -> bool {
    let port = Url::port_or_known_default;
    let same_machine = is_loopback(one)
        && is_loopback(other)
        && one.scheme() == other.scheme()
        && port(one) == port(other);
    one.origin() == other.origin() || same_machine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://127.0.0.1:8080", true),
            ("http://[::1]", true),
            ("http://localhost", true),
            ("http://a.b", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), loopback, "{url}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for (one, other, same) in [
            ("https://a.example", "https://a.example:443/x", true),
            ("https://a.example", "https://A.EXAMPLE", true),
            ("https://a.example", "http://a.example", false),
            ("https://a.example", "https://a.example:8443", false),
            ("https://a.example", "https://a.example.net", false),
            ("https://a.example", "https://b@a.example", true),
            ("http://localhost:8080", "http://127.0.0.1:8080", true),
            ("http://localhost:8080", "http://[::1]:8080", true),
            ("http://localhost:8080", "http://127.0.0.1:8081", false),
            ("http://localhost:8080", "https://localhost:8080", false),
            ("http://localhost:8080", "http://10.0.0.1:8080", false),
            ("data:text/plain,a", "data:text/plain,a", false),
        ] {
            let (a, b) = (one.parse().unwrap(), other.parse().unwrap());
            assert_eq!(is_same(&a, &b), same, "{one} {other}");
            assert_eq!(is_same(&b, &a), same, "{other} {one}");
        }
    }
}
