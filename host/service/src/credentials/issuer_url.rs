//! The address of an identity provider.

use std::str::FromStr;

use url::{Host, Url};

use crate::ServiceError;

/// The address of an issuer: https, or http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl(String);

impl IssuerUrl {
    /// The address as it was written: tokens have to name it letter by letter.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerUrl {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let url = Url::parse(text).ok();
        match url {
            Some(url) if is_trusted(&url) && url.query().is_none() && url.fragment().is_none() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ServiceError::invalid(
                "The issuer must be an https:// address without a query, such as https://login.example.com; http:// only on this machine.",
            )),
        }
    }
}

/// Whether what is fetched from there can be believed: it cannot be changed on the way.
pub(super) fn is_trusted(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_reached_safely_or_not_at_all() {
        for fine in [
            "https://login.example.com",
            "https://login.example.com/realms/a/",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
            "http://localhost",
        ] {
            assert_eq!(fine.parse::<IssuerUrl>().unwrap().as_str(), fine);
        }
        for wrong in [
            "",
            "login.example.com",
            "http://login.example.com",
            "http://10.0.0.1",
            "ftp://login.example.com",
            "https://login.example.com/?a=b",
        ] {
            let error = wrong.parse::<IssuerUrl>().unwrap_err().to_string();
            assert!(error.contains("https://"), "{wrong}: {error}");
        }
    }
}
