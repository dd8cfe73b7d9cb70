//! A host as it is written in a rule.

use std::fmt;
use std::net::IpAddr;

use url::Host;

/// What a rule says of the destination's host. Names are lower-case and in ASCII (IDNA).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HostPattern {
    /// This name and no other.
    Name(String),
    /// `*.suffix`: one whole label before this suffix, as in a TLS certificate.
    LabelUnder(String),
    /// This address, spelled out.
    Address(IpAddr),
}

impl HostPattern {
    /// Reads the host of a rule, without port.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        if name.contains('*') {
            return Err("a wildcard in a host is the whole first label, such as *.example.com");
        }
        match (Self::literal(name)?, text == name) {
            (literal, true) => Ok(literal),
            (Self::Name(suffix), false) if suffix.contains('.') => Ok(Self::LabelUnder(suffix)),
            (Self::Name(_), false) => {
                Err("`*.` must be followed by at least two labels, such as *.example.com")
            }
            _ => Err("after `*.` stands a name, not an address"),
        }
    }

    /// A host without wildcard.
    fn literal(text: &str) -> Result<Self, &'static str> {
        match Host::parse(text).map_err(|_| "the host is no name and no address")? {
            Host::Domain(name) => Self::name(text, name),
            Host::Ipv4(address) => Self::address(text, address.into()),
            Host::Ipv6(address) => Ok(Self::Address(address.into())),
        }
    }

    fn name(text: &str, name: String) -> Result<Self, &'static str> {
        if text.contains('%') || name.ends_with('.') || name.len() > 253 {
            return Err("write the host as a plain name without a dot at its end");
        }
        Ok(Self::Name(name))
    }

    /// `127.1` and `0x7f000001` are addresses to a URL parser and riddles to a reader.
    fn address(text: &str, address: IpAddr) -> Result<Self, &'static str> {
        match text.parse() == Ok(address) {
            true => Ok(Self::Address(address)),
            false => Err("write an IPv4 address as four decimal numbers"),
        }
    }

    /// Whether a request to `host`, as the URL parser gives it, is meant.
    pub(super) fn matches(&self, host: &Host<&str>) -> bool {
        match (self, host) {
            (Self::Name(name), Host::Domain(host)) => name == host,
            (Self::LabelUnder(suffix), Host::Domain(host)) => is_label_under(suffix, host),
            (Self::Address(IpAddr::V4(address)), Host::Ipv4(host)) => address == host,
            (Self::Address(IpAddr::V6(address)), Host::Ipv6(host)) => address == host,
            _ => false,
        }
    }

    /// Whether everything that `other` matches is matched here.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::LabelUnder(suffix), Self::Name(name)) => is_label_under(suffix, name),
            _ => self == other,
        }
    }
}

fn is_label_under(suffix: &str, host: &str) -> bool {
    host.split_once('.')
        .is_some_and(|(label, rest)| !label.is_empty() && rest == suffix)
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::LabelUnder(suffix) => write!(f, "*.{suffix}"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}
