//! What the provider says when it fails: HTTP statuses, and `error` events inside a stream.
//!
//! Source: the vendor's API reference, "Errors".

use std::sync::Arc;
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::provider::excerpt;
use crate::{ProviderError, Redactor};

/// The most bytes of a peer's text that are looked at for an excerpt of it.
const MAX_QUOTED_BYTES: usize = 4 << 10;

/// Quotes what a peer said, for an error's text. Some peers repeat the key; it is taken out before the text is cut,
/// because half of a key would not be known for one.
#[derive(Clone, Default)]
pub(super) struct Quotes {
    key: Arc<str>,
}

impl Quotes {
    /// For a peer that was sent this key.
    pub(super) fn new(key: &str) -> Self {
        Self { key: key.into() }
    }

    /// The first part of a text, on one line and without the key.
    pub(super) fn excerpt(&self, text: &str) -> String {
        // Made anew for each error: it takes some microseconds, and most answers have none.
        let redactor = Redactor::new([&*self.key]);
        excerpt(&redactor.redact_beginning(text.trim_start(), MAX_QUOTED_BYTES))
    }
}

/// `{"type": "error", "error": {"type": …, "message": …}}`, as a body and as an event.
#[derive(Deserialize)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorDetail,
}

#[derive(Deserialize)]
pub(super) struct ErrorDetail {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    message: String,
}

/// The meaning of a status other than 200. `body` may be anything.
pub(super) fn from_status(
    status: u16,
    headers: &HeaderMap,
    body: &str,
    quotes: &Quotes,
) -> ProviderError {
    let detail = serde_json::from_str::<ErrorBody>(body).ok();
    let said = quotes.excerpt(detail.as_ref().map_or(body, |body| &body.error.message));
    let said = format!("HTTP {status}: {said}");
    let retry_after = retry_after(headers);
    match status {
        401 => ProviderError::Unauthorized(said),
        403 => ProviderError::Forbidden(said),
        404 => ProviderError::NotFound(said),
        413 => ProviderError::TooLarge(said),
        429 => ProviderError::RateLimited { retry_after },
        529 => ProviderError::Overloaded { retry_after },
        // The vendor's own client retries these two as well.
        408 | 409 | 500.. => ProviderError::Server(said),
        300..400 => ProviderError::Garbage(format!("{said}; redirects are not followed")),
        400..500 => ProviderError::BadRequest(said),
        _ => ProviderError::Garbage(said),
    }
}

/// The meaning of an `error` event inside a stream that began with 200.
pub(super) fn from_event(detail: &ErrorDetail, quotes: &Quotes) -> ProviderError {
    let said = quotes.excerpt(&format!("{}: {}", detail.kind, detail.message));
    match detail.kind.as_str() {
        "overloaded_error" => ProviderError::Overloaded { retry_after: None },
        "rate_limit_error" => ProviderError::RateLimited { retry_after: None },
        "authentication_error" => ProviderError::Unauthorized(said),
        "permission_error" => ProviderError::Forbidden(said),
        "not_found_error" => ProviderError::NotFound(said),
        "request_too_large" => ProviderError::TooLarge(said),
        "invalid_request_error" => ProviderError::BadRequest(said),
        _ => ProviderError::Server(said),
    }
}

/// `Retry-After` in both its forms (RFC 9110, 10.2.3). A date is compared with the answer's own `Date`, so
/// that no clock of ours is asked.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let parser = rfc2822::DateTimeParser::new();
    let then = parser.parse_timestamp(value).ok()?;
    let now = headers.get(DATE)?.to_str().ok()?;
    let now = parser.parse_timestamp(now).ok()?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

    use super::{ErrorBody, Quotes, from_event, from_status};
    use crate::ProviderError;

    fn status(status: u16) -> ProviderError {
        let body = r#"{"type":"error","error":{"type":"x","message":"no"},"request_id":"req_1"}"#;
        from_status(status, &HeaderMap::new(), body, &Quotes::default())
    }

    #[test]
    fn each_status_has_its_meaning() {
        let codes: Vec<&str> = [400, 401, 403, 404, 413, 429, 500, 503, 529, 302]
            .into_iter()
            .map(|code| status(code).code())
            .collect();
        assert_eq!(
            codes,
            [
                "provider_bad_request",
                "provider_unauthorized",
                "provider_forbidden",
                "provider_not_found",
                "provider_too_large",
                "provider_rate_limited",
                "provider_failed",
                "provider_failed",
                "provider_overloaded",
                "provider_garbage",
            ]
        );
        assert_eq!(
            status(400),
            ProviderError::BadRequest("HTTP 400: no".into())
        );
    }

    #[test]
    fn retry_after_may_be_seconds_or_a_date() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("7"));
        let after =
            |headers: &HeaderMap| from_status(429, headers, "", &Quotes::default()).retry_after();
        assert_eq!(after(&headers), Some(Duration::from_secs(7)));
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:47 GMT");
        headers.insert(RETRY_AFTER, date);
        assert_eq!(after(&headers), None);
        let now = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        headers.insert(DATE, now);
        assert_eq!(after(&headers), Some(Duration::from_secs(10)));
    }

    #[test]
    fn an_html_page_is_quoted_briefly() {
        let page = format!("<html>\r\n{}</html>", "x".repeat(100_000));
        let error = from_status(502, &HeaderMap::new(), &page, &Quotes::default()).to_string();
        assert!(error.len() < 500 && error.contains("<html>"));
    }

    #[test]
    fn errors_inside_a_stream_are_told_apart() {
        let event =
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
        let body: ErrorBody = serde_json::from_str(event).expect("documented form");
        let overloaded = ProviderError::Overloaded { retry_after: None };
        assert_eq!(from_event(&body.error, &Quotes::default()), overloaded);
    }

    #[test]
    fn the_key_is_in_no_quote_not_even_half_of_it() {
        let quotes = Quotes::new("sk-0123456789-0123456789");
        for before in 0..320 {
            let text = format!("{}sk-0123456789-0123456789 is no key", "x".repeat(before));
            let said = quotes.excerpt(&text);
            assert!(!said.contains("sk-"), "{said}");
        }
    }
}
