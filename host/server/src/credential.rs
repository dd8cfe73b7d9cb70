//! What a request presents to say who it comes from.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};

/// The cookie of the console's session where the public URL is http.
pub(crate) const SESSION_COOKIE: &str = "skillgate_session";
/// The same where it is https: browsers take a cookie of such a name from this host alone, over https, for all of its paths
/// (RFC 6265bis, section 4.1.3.2), so that no neighbour below the same domain can plant one.
pub(crate) const HOST_SESSION_COOKIE: &str = "__Host-skillgate_session";
/// What the value of a session's cookie begins with. Nothing else is taken from a cookie: an API key that another site
/// planted in one would make its visitors act in a stranger's account.
const SESSION_LABEL: &str = "sgs_";

/// The text of the credential: `X-Api-Key`, else `Authorization: Bearer`, else the session's cookie. A header that is present
/// counts alone, even when it is malformed.
pub(crate) fn presented(headers: &HeaderMap, over_https: bool) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let Some(authorization) = headers.get(AUTHORIZATION) else {
        return session_cookie(headers, over_https);
    };
    let (scheme, text) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

/// The session in the cookie, if there is one (RFC 6265, section 5.4). Of several none would say which a page of the console has
/// set: they are none.
pub(crate) fn session_cookie(headers: &HeaderMap, over_https: bool) -> Option<&str> {
    let wanted = cookie_name(over_https);
    let lines = headers.get_all(COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().split_once('='));
    let mut sessions = named.filter(|(name, _)| *name == wanted);
    let (_, value) = sessions.next()?;
    (sessions.next().is_none() && value.starts_with(SESSION_LABEL)).then_some(value)
}

fn cookie_name(over_https: bool) -> &'static str {
    match over_https {
        true => HOST_SESSION_COOKIE,
        false => SESSION_COOKIE,
    }
}

/// The header `Set-Cookie` that gives a browser its session, or with an empty `value` and no time takes it away. Scripts
/// cannot read it, and browsers send it with no request that another site began.
pub(crate) fn set_cookie(value: &str, seconds: u64, over_https: bool) -> Option<HeaderValue> {
    let name = cookie_name(over_https);
    let secure = if over_https { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
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
        presented(&all, false).map(str::to_owned)
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
    fn several_sessions_are_none_and_over_https_only_this_host_sets_one() {
        let two = "skillgate_session=sgs_1; skillgate_session=sgs_2";
        assert_eq!(presented_by(&[("cookie", two)]), None);
        let apart = ["skillgate_session=sgs_1", "skillgate_session=x"];
        assert_eq!(presented_by(&apart.map(|one| ("cookie", one))), None);
        let over_https = |cookie: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(cookie).unwrap());
            session_cookie(&headers, true).map(str::to_owned)
        };
        assert_eq!(over_https("skillgate_session=sgs_1"), None);
        let both = "skillgate_session=sgs_1; __Host-skillgate_session=sgs_2";
        assert_eq!(over_https(both).as_deref(), Some("sgs_2"));
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        let cookie = set_cookie("sgs_1", 60, true).unwrap();
        assert_eq!(
            cookie,
            "__Host-skillgate_session=sgs_1; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert!(cookie.is_sensitive());
        let plain = set_cookie("", 0, false).unwrap();
        assert_eq!(
            plain,
            "skillgate_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        );
    }
}
