//! What a request presents to say who it comes from.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};

/// The cookie of the console's session.
pub(crate) const SESSION_COOKIE: &str = "skillgate_session";
/// What the value of a session's cookie begins with. Nothing else is taken from a cookie: an API key that another site
/// planted in one would make its visitors act in a stranger's account.
const SESSION_LABEL: &str = "sgs_";

/// The text of the credential: `X-Api-Key`, else `Authorization: Bearer`, else the session's cookie. A header that is present
/// counts alone, even when it is malformed.
pub(crate) fn presented(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let Some(authorization) = headers.get(AUTHORIZATION) else {
        return session_cookie(headers);
    };
    let (scheme, text) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

/// The session in the cookie, if there is one (RFC 6265, section 5.4).
pub(crate) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut named = pairs.filter_map(|pair| pair.trim().split_once('='));
    named
        .find(|(name, value)| *name == SESSION_COOKIE && value.starts_with(SESSION_LABEL))
        .map(|(_, value)| value)
}

/// The header `Set-Cookie` that gives a browser its session, or with an empty `value` and no time takes it away. Scripts
/// cannot read it, and browsers send it with no request that another site began.
pub(crate) fn set_cookie(value: &str, seconds: u64, only_https: bool) -> Option<HeaderValue> {
    let secure = if only_https { "; Secure" } else { "" };
    let cookie = format!(
        "{SESSION_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut cookie = HeaderValue::try_from(cookie).ok()?;
    cookie.set_sensitive(true);
    Some(cookie)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented_by(headers: &[(&'static str, &str)]) -> Option<String> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(*name, HeaderValue::from_str(value).unwrap());
        }
        presented(&all).map(str::to_owned)
    }

    #[test]
    fn both_headers_carry_a_key() {
        assert_eq!(presented_by(&[("x-api-key", "k")]).as_deref(), Some("k"));
        let bearer = presented_by(&[("authorization", "bearer k")]);
        assert_eq!(bearer.as_deref(), Some("k"));
        assert_eq!(presented_by(&[("authorization", "Basic k")]), None);
        assert_eq!(presented_by(&[("authorization", "k")]), None);
    }

    #[test]
    fn a_cookie_counts_where_no_header_does_and_holds_a_session_alone() {
        let cookie = ("cookie", "a=b; skillgate_session=sgs_1; c=d");
        assert_eq!(presented_by(&[cookie]).as_deref(), Some("sgs_1"));
        let split = [("cookie", "a=b"), ("cookie", "skillgate_session=sgs_2")];
        assert_eq!(presented_by(&split).as_deref(), Some("sgs_2"));
        let both = [cookie, ("x-api-key", "k")];
        assert_eq!(presented_by(&both).as_deref(), Some("k"));
        assert_eq!(
            presented_by(&[cookie, ("authorization", "Basic k")]),
            None,
            "a header that does not fit is no reason to look further"
        );
        let planted = ("cookie", "skillgate_session=ak_live_1");
        assert_eq!(presented_by(&[planted]), None);
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        let cookie = set_cookie("sgs_1", 60, true).unwrap();
        assert_eq!(
            cookie,
            "skillgate_session=sgs_1; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(cookie.is_sensitive());
        let plain = set_cookie("", 0, false).unwrap();
        assert_eq!(
            plain,
            "skillgate_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }
}
