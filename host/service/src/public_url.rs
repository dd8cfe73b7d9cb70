//! The address that the world knows a server by.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::ServiceError;

/// The server's own public address, http or https, without a slash at its end: what a publisher's proof names as its
/// audience.
///
/// It is the operator's to say. A request's header `Host` must never take its place: whoever passes another's requests
/// on writes that header, and could so have a proof that was made for itself accepted here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Reads `https://skills.example.com`; a path is kept, for a server behind a prefix.
impl FromStr for PublicUrl {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self, ServiceError> {
        let url = Url::parse(text).map_err(|_| wrong("it is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it begins with neither http:// nor https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a user name or a password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it holds a query or a fragment"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

fn wrong(problem: &str) -> ServiceError {
    ServiceError::invalid(format!(
        "The server's public URL can not be used: {problem}. Write it as https://skills.example.com."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_one_spelling() {
        for (text, kept) in [
            ("https://Skills.Example.com/", "https://skills.example.com"),
            ("https://a.example:443", "https://a.example"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("https://a.example/skills/", "https://a.example/skills"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for (text, problem) in [
            ("", "no URL"),
            ("skills.example.com", "no URL"),
            ("ftp://a.example", "neither http"),
            ("https://user@a.example", "user name"),
            ("https://a.example/?x=1", "query"),
            ("https://a.example/#x", "query or a fragment"),
        ] {
            let error = text.parse::<PublicUrl>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
