//! A request, reduced to what rules are compared with.

use url::{Host, Url};

use super::url_path;

/// A request that rules can decide on.
pub(super) struct HttpRequest<'a> {
    pub(super) method: &'a str,
    pub(super) scheme: &'a str,
    pub(super) host: Host<&'a str>,
    pub(super) port: u16,
    /// Canonical: see [`url_path::canonical`].
    pub(super) path: String,
}

impl<'a> HttpRequest<'a> {
    /// # Errors
    /// Says why, when the request is one that no rule can permit.
    pub(super) fn new(method: &'a str, url: &'a Url) -> Result<Self, &'static str> {
        if !is_method(method) {
            return Err("its method is not in upper-case letters");
        }
        if let Some(reason) = refused_method(method) {
            return Err(reason);
        }
        if !matches!(url.scheme(), "https" | "http") {
            return Err("only https and http are possible");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("its URL holds a user name or password; use `secrets` for credentials");
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err("its URL has no host");
        };
        let path = url_path::canonical(url.path())?;
        Ok(Self {
            method,
            scheme: url.scheme(),
            host,
            port,
            path,
        })
    }
}

/// Upper-case ASCII letters, 1 to 20: all registered methods but those with a hyphen.
pub(super) fn is_method(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Why no rule can permit this method, for those that none can: neither by name nor by leaving the methods out.
///
/// RFC 9110, section 9.3.8, has TRACE send the request back as it came; TRACK is what some servers call the same.
pub(super) fn refused_method(method: &str) -> Option<&'static str> {
    match method {
        "CONNECT" => Some("CONNECT opens a tunnel, in which nothing could be checked"),
        "TRACE" => Some("TRACE sends the request back, with the secrets that the host put into it"),
        "TRACK" => Some("TRACK sends the request back, with the secrets that the host put into it"),
        _ => None,
    }
}

/// The request as messages show it: method and URL without user, query and fragment, which may hold
/// what is nobody else's business.
pub(super) fn described(method: &str, url: &Url) -> String {
    let origin = match (url.host(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_string(),
        (None, _) => String::new(),
    };
    crate::error::shown(&format!(
        "{method} {}://{origin}{}",
        url.scheme(),
        url.path()
    ))
}
