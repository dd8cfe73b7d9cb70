//! The headers of answers.

use http::StatusCode;
use serde_json::{Map, Value, json};

/// Name, type and text of each.
const HEADERS: [(&str, &str, &str); 6] = [
    (
        "X-Request-Id",
        "string",
        "Names the request in the server's log. A caller's own is kept when it has 1 to 128 of `a-zA-Z0-9._-`.",
    ),
    (
        "X-RateLimit-Limit",
        "integer",
        "Requests that the caller may send in any 60 seconds.",
    ),
    (
        "X-RateLimit-Remaining",
        "integer",
        "Requests that are left of them.",
    ),
    (
        "X-RateLimit-Reset",
        "integer",
        "Unix time in seconds at which the oldest request is not counted any more.",
    ),
    (
        "Retry-After",
        "integer",
        "Seconds until a request is accepted again.",
    ),
    (
        "WWW-Authenticate",
        "string",
        "The scheme that a key can be sent with: `Bearer`.",
    ),
];

/// The header objects, by name.
pub(super) fn components() -> Map<String, Value> {
    let headers = HEADERS.into_iter().map(|(name, kind, text)| {
        let header = json!({ "description": text, "schema": { "type": kind } });
        (name.to_owned(), header)
    });
    headers.collect()
}

/// References to the headers of an answer with this status. An answer to a caller without a limit has no `X-RateLimit-…`.
pub(super) fn references(status: u16) -> Map<String, Value> {
    let applies = |name: &str| match name {
        "Retry-After" => status == StatusCode::TOO_MANY_REQUESTS.as_u16(),
        "WWW-Authenticate" => status == StatusCode::UNAUTHORIZED.as_u16(),
        _ => true,
    };
    let names = HEADERS.iter().map(|(name, ..)| *name);
    let references = names.filter(|name| applies(name)).map(|name| {
        let reference = json!({ "$ref": format!("#/components/headers/{name}") });
        (name.to_owned(), reference)
    });
    references.collect()
}
