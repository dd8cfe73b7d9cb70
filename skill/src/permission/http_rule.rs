//! The http rule: `[METHOD[,METHOD]] [scheme://]host[:port][/path[/*]]`.

use std::fmt;
use std::str::FromStr;

use super::host::HostPattern;
use super::http_request::{HttpRequest, is_method, refused_method};
use super::{serde_as_text, url_path};
use crate::GrammarError;

/// Permits requests: some methods, or any, to one host or each label under a suffix, one port, and
/// one path or everything below one.
///
/// - Without methods it permits any method but CONNECT, TRACE and TRACK, which no rule permits.
/// - Without a scheme it is https; `http://` must be written.
/// - Without a port it is the scheme's own port.
/// - Without a path it permits every path, as `/*` does. `/a` permits that path alone, `/a/*`
///   everything below `/a/`, but not `/a` itself.
/// - A query is not looked at.
///
/// Two rules are equal when they permit the same; `Display` gives the one canonical text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRule {
    methods: Methods,
    scheme: Scheme,
    host: HostPattern,
    port: u16,
    path: PathPattern,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Methods {
    Any,
    /// Sorted, without repetition, at least one.
    Only(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Https,
    Http,
}

/// Paths are canonical: see [`url_path::canonical`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum PathPattern {
    Exact(String),
    /// Ends in `/`; matches what begins with it.
    Below(String),
}

const LONGEST: usize = 2048;

impl HttpRule {
    /// Whether everything that `other` permits is permitted by this rule alone.
    pub fn covers(&self, other: &Self) -> bool {
        self.methods.covers(&other.methods)
            && self.scheme == other.scheme
            && self.host.covers(&other.host)
            && self.port == other.port
            && self.path.covers(&other.path)
    }

    pub(super) fn permits(&self, request: &HttpRequest<'_>) -> bool {
        self.methods.contains(request.method)
            && self.scheme.name() == request.scheme
            && self.host.matches(&request.host)
            && self.port == request.port
            && self.path.matches(&request.path)
    }

    /// The narrowest rule that permits `request`; none where its host cannot stand in a rule.
    pub(super) fn for_request(request: &HttpRequest<'_>) -> Option<Self> {
        Some(Self {
            methods: Methods::Only(vec![request.method.to_owned()]),
            scheme: Scheme::from_name(request.scheme)?,
            host: HostPattern::parse(&request.host.to_string()).ok()?,
            port: request.port,
            path: PathPattern::narrowest(&request.path),
        })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("it is longer than 2048 bytes");
        }
        let (methods, target) = match text.split_once(' ') {
            Some((methods, target)) => (Methods::parse(methods)?, target),
            None => (Methods::Any, text),
        };
        if target.contains(|c: char| c.is_whitespace() || c.is_control() || "@?#\\".contains(c)) {
            return Err(
                "after the methods stands a URL without white space, user, query, fragment or backslash",
            );
        }
        let (scheme, target) = match target.split_once("://") {
            Some((name, target)) => (
                Scheme::from_name(name).ok_or("the scheme is https or http")?,
                target,
            ),
            None => (Scheme::Https, target),
        };
        let (authority, path) = target.split_at(target.find('/').unwrap_or(target.len()));
        let (host, port) = split_port(authority)?;
        Ok(Self {
            methods,
            scheme,
            host: HostPattern::parse(host)?,
            port: port.unwrap_or(scheme.port()),
            path: PathPattern::parse(path)?,
        })
    }
}

impl Methods {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut methods: Vec<String> = text.split(',').map(str::to_owned).collect();
        if !methods.iter().all(|method| is_method(method)) || methods.len() > 16 {
            return Err("methods are upper-case letters joined by commas, such as GET,POST");
        }
        if let Some(reason) = methods.iter().find_map(|method| refused_method(method)) {
            return Err(reason);
        }
        methods.sort();
        methods.dedup();
        Ok(Self::Only(methods))
    }

    fn contains(&self, method: &str) -> bool {
        match self {
            Self::Any => refused_method(method).is_none(),
            Self::Only(methods) => methods.iter().any(|one| one == method),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Only(_), Self::Any) => false,
            (Self::Only(_), Self::Only(others)) => {
                others.iter().all(|method| self.contains(method))
            }
        }
    }
}

impl Scheme {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "https" => Some(Self::Https),
            "http" => Some(Self::Http),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl PathPattern {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (path, below) = match text {
            "" => ("/", true),
            _ => match text.strip_suffix('*') {
                Some(path) if path.ends_with('/') => (path, true),
                _ => (text, false),
            },
        };
        if path.contains('*') {
            return Err(
                "a wildcard in a path is a whole last segment, such as /points/*; write a literal * as %2A",
            );
        }
        let path = url_path::canonical(path)?;
        Ok(if below {
            Self::Below(path)
        } else {
            Self::Exact(path)
        })
    }

    /// The path itself, or the deepest folder of it that a rule has room for.
    fn narrowest(path: &str) -> Self {
        let fits = |path: &str| url_path::encoded(path).len() <= LONGEST / 2;
        if fits(path) {
            return Self::Exact(path.to_owned());
        }
        let mut folders = path.rmatch_indices('/').map(|(at, _)| &path[..=at]);
        Self::Below(
            folders
                .find(|folder| fits(folder))
                .unwrap_or("/")
                .to_owned(),
        )
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == path,
            Self::Below(folder) => path.starts_with(folder.as_str()),
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(_), Self::Below(_)) => false,
            (_, Self::Exact(path) | Self::Below(path)) => self.matches(path),
        }
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(at) = authority[after_brackets..]
        .find(':')
        .map(|at| at + after_brackets)
    else {
        return Ok((authority, None));
    };
    let digits = &authority[at + 1..];
    let port = digits
        .parse()
        .ok()
        .filter(|port| *port > 0 && digits.bytes().all(|b| b.is_ascii_digit()));
    match port {
        Some(port) => Ok((&authority[..at], Some(port))),
        None => Err("the port is a number from 1 to 65535"),
    }
}

impl FromStr for HttpRule {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        Self::parse(text).map_err(|problem| {
            let example = "a rule is such as `GET https://api.example.com/points/*`";
            GrammarError::new("an http rule", text, format!("{problem}; {example}"))
        })
    }
}

impl fmt::Display for HttpRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Methods::Only(methods) = &self.methods {
            write!(f, "{} ", methods.join(","))?;
        }
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.port() {
            write!(f, ":{}", self.port)?;
        }
        match &self.path {
            PathPattern::Exact(path) => f.write_str(&url_path::encoded(path)),
            PathPattern::Below(folder) => write!(f, "{}*", url_path::encoded(folder)),
        }
    }
}

serde_as_text!(HttpRule);
