//! A URL, split as wasi:http wants it. The host parses it for itself before it decides anything.

use crate::ToolError;

/// The parts of a URL; its fragment is left out, as it never leaves the client (RFC 9110, 4.2.5).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    pub(crate) scheme: &'static str,
    pub(crate) authority: &'a str,
    /// With the query; starts with `/`.
    pub(crate) path: String,
}

impl<'a> Address<'a> {
    pub(crate) fn parse(url: &'a str) -> Result<Self, ToolError> {
        let wrong = || {
            ToolError::InvalidArguments(format!(
                "`{url}` is no URL; a URL looks like https://example.com/page"
            ))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => "https",
            "http" => "http",
            _ => return Err(wrong()),
        };
        let rest = rest
            .split_once('#')
            .map_or(rest, |(before, _fragment)| before);
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let blank = |text: &str| text.contains(|c: char| c.is_whitespace() || c.is_control());
        if authority.is_empty() || blank(rest) {
            return Err(wrong());
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            scheme,
            authority,
            path: format!("{slash}{path}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (&'static str, &str, String) {
        let address = Address::parse(url).unwrap();
        (address.scheme, address.authority, address.path)
    }

    #[test]
    fn splits_scheme_authority_and_path() {
        assert_eq!(
            parts("https://a.example/b?c=d#e"),
            ("https", "a.example", "/b?c=d".into())
        );
        assert_eq!(
            parts("HTTP://a.example:8080"),
            ("http", "a.example:8080", "/".into())
        );
        assert_eq!(
            parts("https://a.example?q=1"),
            ("https", "a.example", "/?q=1".into())
        );
    }

    #[test]
    fn refuses_what_is_no_url() {
        for url in [
            "",
            "example.com",
            "ftp://a.example/",
            "https://",
            "https:///x",
            "https://a b/",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(
                matches!(error, ToolError::InvalidArguments(_)),
                "{url}: {error:?}"
            );
        }
    }
}
