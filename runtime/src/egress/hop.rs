//! One request on its way, and what a redirect makes of it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

use super::error::EgressError;

/// A request to one address. Redirects make the next one from it.
#[derive(Debug, Clone)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Headers that describe the connection or are computed from the rest: the host's business.
static CONTROLLED: [HeaderName; 13] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// Headers that belong to one origin and do not follow a redirect to another.
static CREDENTIALS: [HeaderName; 3] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::WWW_AUTHENTICATE,
];

impl Hop {
    pub(super) fn first(request: http::Request<Bytes>) -> Result<Self, EgressError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string())
            .map_err(|error| EgressError::BadRequest(error.to_string()))?;
        let mut headers = parts.headers;
        for name in &CONTROLLED {
            headers.remove(name);
        }
        Ok(Self {
            method: parts.method,
            url,
            headers,
            body,
        })
    }

    /// The next request, when the answer is a redirect to follow (RFC 9110, section 15.4).
    pub(super) fn redirected(
        &self,
        status: StatusCode,
        answer: &HeaderMap,
    ) -> Result<Option<Self>, EgressError> {
        let keeps_body = match status {
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
            _ => return Ok(None),
        };
        let Some(location) = answer.get(header::LOCATION) else {
            return Ok(None);
        };
        let location = String::from_utf8_lossy(location.as_bytes());
        let url = self
            .url
            .join(&location)
            .map_err(|_| EgressError::BadRedirect(location.into_owned()))?;
        let mut next = Self {
            url,
            ..self.clone()
        };
        if !keeps_body && next.method != Method::HEAD {
            next.drop_body();
        }
        if next.url.origin() != self.url.origin() {
            for name in &CREDENTIALS {
                next.headers.remove(name);
            }
        }
        Ok(Some(next))
    }

    fn drop_body(&mut self) {
        self.method = Method::GET;
        self.body = Bytes::new();
        self.headers.remove(header::CONTENT_TYPE);
        self.headers.remove(header::CONTENT_ENCODING);
        self.headers.remove(header::CONTENT_LANGUAGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: &str, url: &str) -> Hop {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", "Bearer mine")
            .header("host", "elsewhere.example")
            .header("accept", "text/plain")
            .header("content-type", "text/plain")
            .body(Bytes::from_static(b"body"))
            .unwrap();
        Hop::first(request).unwrap()
    }

    fn to(location: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::LOCATION, http::HeaderValue::from_static(location))])
    }

    #[test]
    fn the_host_header_is_the_hosts() {
        assert!(
            !hop("GET", "https://a.example/")
                .headers
                .contains_key("host")
        );
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let first = hop("GET", "https://a.example/x");
        let same = first
            .redirected(StatusCode::FOUND, &to("/y"))
            .unwrap()
            .unwrap();
        assert_eq!(same.url.as_str(), "https://a.example/y");
        assert!(same.headers.contains_key("authorization"));
        let other = first
            .redirected(StatusCode::FOUND, &to("https://b.example/y"))
            .unwrap()
            .unwrap();
        assert!(!other.headers.contains_key("authorization"));
        assert!(other.headers.contains_key("accept"));
        let downgraded = first
            .redirected(StatusCode::FOUND, &to("http://a.example/y"))
            .unwrap()
            .unwrap();
        assert!(!downgraded.headers.contains_key("authorization"));
    }

    #[test]
    fn a_see_other_becomes_a_get_and_a_temporary_redirect_repeats() {
        let first = hop("POST", "https://a.example/x");
        let get = first
            .redirected(StatusCode::SEE_OTHER, &to("/y"))
            .unwrap()
            .unwrap();
        assert_eq!((get.method, get.body.len()), (Method::GET, 0));
        assert!(!get.headers.contains_key("content-type"));
        let repeat = first
            .redirected(StatusCode::TEMPORARY_REDIRECT, &to("/y"))
            .unwrap()
            .unwrap();
        assert_eq!((repeat.method, repeat.body.len()), (Method::POST, 4));
    }

    #[test]
    fn what_is_no_redirect_is_an_answer() {
        let first = hop("GET", "https://a.example/x");
        assert!(
            first
                .redirected(StatusCode::OK, &to("/y"))
                .unwrap()
                .is_none()
        );
        assert!(
            first
                .redirected(StatusCode::FOUND, &HeaderMap::new())
                .unwrap()
                .is_none()
        );
        assert!(
            first
                .redirected(StatusCode::FOUND, &to("http://["))
                .is_err()
        );
    }
}
