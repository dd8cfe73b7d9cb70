//! A secret: where the host puts its value. The skill never sees it.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::host::HostPattern;
use super::serde_as_text;
use crate::GrammarError;
use crate::manifest::check_identifier;

/// A secret that the host puts into requests to one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretPermission {
    /// The secret's name: a letter or `_`, then letters, digits and `_`; at most 64.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// Where in the request its value goes.
    pub inject: Injection,
    /// The one host it is sent to, without wildcard and port; lower-case ASCII (IDNA).
    #[serde(deserialize_with = "host")]
    pub host: String,
}

/// Where in a request a secret's value goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Injection {
    /// `bearer`: the header `Authorization: Bearer <value>`.
    Bearer,
    /// `basic <user>`: the header `Authorization: Basic base64(<user>:<value>)`.
    Basic {
        /// The user name.
        user: String,
    },
    /// `header <name> [prefix]`: the header `<name>: [prefix ]<value>`.
    Header {
        /// The header's name, in lower case.
        name: String,
        /// What stands before the value, a space between; empty for nothing.
        prefix: String,
    },
    /// `query <name>`: the query parameter `<name>=<value>`.
    Query {
        /// The parameter's name.
        name: String,
    },
}

/// Headers that say where a request goes or where it ends; a secret in one of them would be
/// a way to change what was decided on.
const ROUTING_HEADERS: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "proxy-authorization",
];

impl FromStr for Injection {
    type Err = GrammarError;

    fn from_str(text: &str) -> Result<Self, GrammarError> {
        let wrong = |problem: &str| {
            let forms =
                "write `bearer`, `basic <user>`, `header <name> [prefix]` or `query <name>`";
            GrammarError::new(
                "a way to send a secret",
                text,
                format!("{problem}; {forms}"),
            )
        };
        let words: Vec<&str> = text.split(' ').collect();
        if text.len() > 200 || !words.iter().all(|word| is_word(word)) {
            return Err(wrong(
                "it is made of words with single spaces between them, in visible ASCII",
            ));
        }
        match words[..] {
            ["bearer"] => Ok(Self::Bearer),
            ["basic", user] if !user.contains(':') => Ok(Self::Basic {
                user: user.to_owned(),
            }),
            ["header", name] => header(name, "").map_err(wrong),
            ["header", name, prefix] => header(name, prefix).map_err(wrong),
            ["query", name] if is_token(name) => Ok(Self::Query {
                name: name.to_owned(),
            }),
            _ => Err(wrong("it is none of the four ways")),
        }
    }
}

fn header(name: &str, prefix: &str) -> Result<Injection, &'static str> {
    let name = name.to_ascii_lowercase();
    if !is_token(&name) {
        return Err("a header's name is letters, digits and hyphens");
    }
    if ROUTING_HEADERS.contains(&name.as_str()) {
        return Err("this header steers the connection and takes no secret");
    }
    Ok(Injection::Header {
        name,
        prefix: prefix.to_owned(),
    })
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_token(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer => f.write_str("bearer"),
            Self::Basic { user } => write!(f, "basic {user}"),
            Self::Header { name, prefix } if prefix.is_empty() => write!(f, "header {name}"),
            Self::Header { name, prefix } => write!(f, "header {name} {prefix}"),
            Self::Query { name } => write!(f, "query {name}"),
        }
    }
}

serde_as_text!(Injection);

fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_identifier(&name).map_err(D::Error::custom)?;
    Ok(name)
}

fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong =
        |problem| D::Error::custom(GrammarError::new("the host of a secret", &text, problem));
    match HostPattern::parse(&text).map_err(wrong)? {
        HostPattern::LabelUnder(_) => Err(wrong("a secret goes to one host; write it without *")),
        host => Ok(host.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_ways_read_back_from_their_display() {
        for text in [
            "bearer",
            "basic me",
            "header x-api-key",
            "header authorization Token",
            "query key",
        ] {
            assert_eq!(text.parse::<Injection>().unwrap().to_string(), text);
        }
        let header: Injection = "header X-Api-Key".parse().unwrap();
        assert_eq!(
            header,
            Injection::Header {
                name: "x-api-key".into(),
                prefix: String::new()
            }
        );
    }

    #[test]
    fn everything_else_is_refused_with_the_four_ways() {
        for text in [
            "",
            "Bearer",
            "bearer x",
            "basic",
            "basic a:b",
            "basic a b",
            "header",
            "header x:y",
            "header a b c",
            "header Host",
            "header content-length",
            "query",
            "query a&b",
            "header x a\nb",
            " bearer",
            "cookie x",
        ] {
            let error = text.parse::<Injection>().unwrap_err().to_string();
            assert!(
                error.contains("write `bearer`, `basic <user>`"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_secret_goes_to_one_host() {
        let read = |host: &str| {
            serde_json::from_value::<SecretPermission>(
                serde_json::json!({"name": "TOKEN", "inject": "bearer", "host": host}),
            )
        };
        assert_eq!(read("API.Example.com").unwrap().host, "api.example.com");
        assert_eq!(
            read("bücher.example").unwrap().host,
            "xn--bcher-kva.example"
        );
        for host in [
            "*.example.com",
            "https://example.com",
            "example.com/",
            "example.com:1",
            "",
            "127.1",
        ] {
            assert!(read(host).is_err(), "{host}");
        }
    }
}
