//! The http rule's grammar, and its decision against a model that shares no code with it.

use std::sync::Arc;

use proptest::prelude::*;
use skillgate_skill::{Effective, HttpRule, Permissions};

fn rule(text: &str) -> HttpRule {
    text.parse().unwrap()
}

fn permits(rule: &str, method: &str, url: &str) -> bool {
    let permissions = Arc::new(Permissions {
        http: vec![rule.parse().unwrap()],
        ..Permissions::default()
    });
    Effective::new(permissions.clone(), permissions)
        .http(method, &url.parse().unwrap())
        .is_ok()
}

#[test]
fn rules_have_one_canonical_text() {
    for (text, canonical) in [
        (
            "GET https://api.weather.gov/points/*",
            "GET https://api.weather.gov/points/*",
        ),
        (
            "POST,GET,GET api.example.com",
            "GET,POST https://api.example.com/*",
        ),
        ("https://API.Example.com:443/*", "https://api.example.com/*"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        (
            "https://bücher.example/ü",
            "https://xn--bcher-kva.example/%C3%BC",
        ),
        ("*.example.com", "https://*.example.com/*"),
        ("http://127.0.0.1:3000/a", "http://127.0.0.1:3000/a"),
        (
            "https://[::1]:8443/a/./b/../c%2A",
            "https://[::1]:8443/a/c%2A",
        ),
    ] {
        assert_eq!(rule(text).to_string(), canonical);
        assert_eq!(rule(canonical), rule(text));
    }
}

#[test]
fn what_is_no_rule_is_refused_with_the_reason() {
    for (text, says) in [
        ("", "no name and no address"),
        ("*", "whole first label"),
        ("https://*/", "whole first label"),
        ("https://*.com", "at least two labels"),
        ("https://*.*.example.com", "whole first label"),
        ("https://a*.example.com", "whole first label"),
        ("https://a.*.com", "whole first label"),
        ("https://*.127.0.0.1", "not an address"),
        ("https://127.1/", "four decimal numbers"),
        ("https://0x7f000001/", "four decimal numbers"),
        ("https://2130706433/", "four decimal numbers"),
        ("ftp://example.com", "https or http"),
        ("*://example.com", "https or http"),
        ("https://user@example.com", "without white space, user"),
        ("https://example.com/?a=b", "query"),
        ("https://example.com/#a", "fragment"),
        ("https://example.com\\a", "backslash"),
        ("https://example.com/a*", "whole last segment"),
        ("https://example.com/*/a", "whole last segment"),
        ("https://example.com/a%2fb", "encoded separator"),
        ("https://example.com/a%zz", "begins no escape"),
        ("https://example.com:0/", "1 to 65535"),
        ("https://example.com:65536/", "1 to 65535"),
        ("https://example.com:/", "1 to 65535"),
        ("https://example.com:+1/", "1 to 65535"),
        ("https://example.com./", "without a dot at its end"),
        ("https://exa%6dple.com/", "plain name"),
        ("https:///a", "no name and no address"),
        ("GET  https://example.com", "without white space"),
        ("GET POST https://example.com", "without white space"),
        ("Get https://example.com", "upper-case letters"),
        ("GET, https://example.com", "upper-case letters"),
        ("CONNECT https://example.com", "tunnel"),
        ("TRACE https://example.com", "sends the request back"),
        ("GET,TRACK https://example.com", "sends the request back"),
    ] {
        let error = text.parse::<HttpRule>().unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
        assert!(
            error.contains("a rule is such as `GET https://api.example.com/points/*`"),
            "{error}"
        );
    }
    assert!(
        format!("https://example.com/{}", "a".repeat(3000))
            .parse::<HttpRule>()
            .is_err()
    );
}

#[test]
fn none_exact_and_wildcard() {
    let url = "https://api.example.com/points/1";
    assert!(permits("GET https://api.example.com/points/1", "GET", url));
    assert!(permits("GET https://api.example.com/points/*", "GET", url));
    assert!(permits("https://*.example.com", "GET", url));
    for other in [
        "POST https://api.example.com/points/*",
        "GET http://api.example.com/points/*",
        "GET https://api.example.com:8443/points/*",
        "GET https://api.example.com/point/*",
        "GET https://api.example.com/points",
        "GET https://example.com/points/*",
        "GET https://*.api.example.com/points/*",
        "GET https://api.example.com/points/1/*",
    ] {
        assert!(!permits(other, "GET", url), "{other}");
    }
    assert!(!permits(
        "https://*.example.com",
        "GET",
        "https://example.com/"
    ));
    assert!(!permits(
        "https://*.example.com",
        "GET",
        "https://a.b.example.com/"
    ));
    assert!(!permits(
        "https://*.example.com",
        "GET",
        "https://evilexample.com/"
    ));
    assert!(!permits(
        "https://example.com/a/*",
        "GET",
        "https://example.com/a"
    ));
    assert!(permits(
        "https://example.com/a/*",
        "GET",
        "https://example.com/a/?q=1#f"
    ));
}

#[test]
fn ways_around_a_rule_are_closed() {
    let rule = "GET https://example.com/public/*";
    for url in [
        "https://example.com/public/../secret",
        "https://example.com/public/%2e%2e/secret",
        "https://example.com/public/%2E./secret",
        "https://example.com/public\\..\\secret",
        "https://example.com/public/..%2fsecret",
        "https://example.com/public/a%5c..%5c..%5csecret",
        "https://example.com/public/..;/secret",
        "https://example.com/public/%00",
        "https://example.com/PUBLIC/a",
        "https://user@example.com/public/a",
        "https://user:password@example.com/public/a",
        "https://example.com@evil.example/public/a",
        "https://example.com.evil.example/public/a",
        "https://example.com./public/a",
        "https://example.com:444/public/a",
        "http://example.com/public/a",
        "http://example.com:443/public/a",
        "ftp://example.com/public/a",
        "data:text/plain,public",
    ] {
        assert!(!permits(rule, "GET", url), "{url}");
    }
    assert!(permits(
        rule,
        "GET",
        "https://EXAMPLE.com:443/x/../public/%61"
    ));
    for method in ["CONNECT", "TRACE", "TRACK"] {
        assert!(
            !permits("https://example.com", method, "https://example.com/"),
            "{method}"
        );
    }
    assert!(!permits(
        "https://example.com",
        "get",
        "https://example.com/"
    ));
}

#[test]
fn an_address_is_permitted_only_where_it_is_spelled_out() {
    for url in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
    ] {
        assert!(permits("https://127.0.0.1", "GET", url), "{url}");
        assert!(!permits("https://*.0.0.1.example", "GET", url));
        assert!(!permits("https://localhost", "GET", url));
    }
    assert!(permits("https://[::1]", "GET", "https://[0:0::1]/"));
    assert!(!permits(
        "https://127.0.0.1",
        "GET",
        "https://[::ffff:127.0.0.1]/"
    ));
}

#[test]
fn a_rule_covers_what_is_narrower() {
    let covers = |a: &str, b: &str| rule(a).covers(&rule(b));
    assert!(covers("example.com", "GET example.com/a"));
    assert!(covers(
        "GET,POST *.example.com/a/*",
        "POST a.example.com/a/b/*"
    ));
    for (a, b) in [
        ("GET example.com", "example.com"),
        ("GET example.com", "GET,POST example.com"),
        ("example.com/a/*", "example.com"),
        ("example.com/a/*", "example.com/a"),
        ("example.com/a", "example.com/a/*"),
        ("a.example.com", "*.example.com"),
        ("*.example.com", "*.a.example.com"),
        ("example.com", "http://example.com"),
        ("example.com", "example.com:444"),
    ] {
        assert!(!covers(a, b), "{a} covers {b}");
    }
}

/// A rule and a request in parts, and the decision in the plainest way there is.
#[derive(Debug, Clone)]
struct Model {
    rule_methods: Vec<&'static str>,
    rule_host: Vec<&'static str>,
    rule_wildcard: bool,
    rule_path: Vec<&'static str>,
    rule_below: bool,
    method: &'static str,
    host: Vec<&'static str>,
    /// Segments as written in the URL, each with how it is spelled.
    path: Vec<(&'static str, Spelling)>,
}

#[derive(Debug, Clone, Copy)]
enum Spelling {
    Plain,
    Encoded,
}

const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];
const LABELS: [&str; 3] = ["a", "b", "example"];
const SEGMENTS: [&str; 3] = ["x", "y", "z"];
const WRITTEN_SEGMENTS: [&str; 7] = ["x", "y", "z", ".", "..", "x", "y"];

fn model() -> impl Strategy<Value = Model> {
    use prop::collection::vec;
    use prop::sample::select;
    let rule = (
        prop::sample::subsequence(METHODS.to_vec(), 0..=2),
        vec(select(&LABELS[..]), 2..4),
        any::<bool>(),
        vec(select(&SEGMENTS[..]), 0..3),
        any::<bool>(),
    );
    let spelling = prop_oneof![Just(Spelling::Plain), Just(Spelling::Encoded)];
    let request = (
        select(&METHODS[..]),
        vec(select(&LABELS[..]), 2..4),
        vec((select(&WRITTEN_SEGMENTS[..]), spelling), 1..5),
    );
    (rule, request).prop_map(|(rule, (method, host, path))| Model {
        rule_methods: rule.0,
        rule_host: rule.1,
        rule_wildcard: rule.2,
        rule_path: rule.3,
        rule_below: rule.4,
        method,
        host,
        path,
    })
}

impl Model {
    fn rule(&self) -> String {
        let methods = match self.rule_methods.is_empty() {
            true => String::new(),
            false => format!("{} ", self.rule_methods.join(",")),
        };
        let wildcard = if self.rule_wildcard { "*." } else { "" };
        let folders: String = self
            .rule_path
            .iter()
            .map(|segment| format!("/{segment}"))
            .collect();
        let below = if self.rule_below { "/*" } else { "" };
        let path = if folders.is_empty() && !self.rule_below {
            "/".to_owned()
        } else {
            folders + below
        };
        format!(
            "{methods}https://{wildcard}{}{path}",
            self.rule_host.join(".")
        )
    }

    fn url(&self) -> String {
        let spelled = |(segment, spelling): &(&str, Spelling)| match spelling {
            Spelling::Plain => (*segment).to_owned(),
            Spelling::Encoded => segment.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        };
        let path: Vec<String> = self.path.iter().map(spelled).collect();
        format!("https://{}/{}", self.host.join("."), path.join("/"))
    }

    fn permitted(&self) -> bool {
        let method = self.rule_methods.is_empty() || self.rule_methods.contains(&self.method);
        let host = match self.rule_wildcard {
            true => self.host[1..] == self.rule_host,
            false => self.host == self.rule_host,
        };
        let mut path: Vec<&str> = Vec::new();
        let mut folder = false;
        for (segment, _) in &self.path {
            folder = *segment == "." || *segment == "..";
            match *segment {
                "." => {}
                ".." => drop(path.pop()),
                name => path.push(name),
            }
        }
        // A path that ends in a dot segment, or is empty, names a folder: it ends in a slash.
        let folder = folder || path.is_empty();
        let path_fits = match self.rule_below {
            true => {
                path.starts_with(&self.rule_path) && (path.len() > self.rule_path.len() || folder)
            }
            false => path == self.rule_path && folder == self.rule_path.is_empty(),
        };
        method && host && path_fits
    }
}

/// The rule that the denial of a request tells to add.
fn rule_in_denial(method: &str, url: &str) -> String {
    let nothing = Arc::new(Permissions::default());
    let decided = Effective::new(nothing.clone(), nothing).http(method, &url.parse().unwrap());
    let yaml = decided.unwrap_err().yaml;
    let line = yaml.lines().last().unwrap().trim();
    line.strip_prefix("- ").unwrap().to_owned()
}

/// An `@` in a path is fine in a request, and in a rule it stands encoded.
#[test]
fn the_rule_in_a_denial_can_be_added_whatever_the_path_holds() {
    for url in [
        "https://registry.example/@scope/name",
        "https://a.example/a@b/*/c|d^e",
        "https://a.example/%C2%A0%20%3F%23%25",
    ] {
        let rule = rule_in_denial("GET", url);
        assert!(permits(&rule, "GET", url), "{rule}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_decision_is_the_models(model in model()) {
        prop_assert_eq!(permits(&model.rule(), model.method, &model.url()), model.permitted());
    }

    /// As above, with the host and path of the rule taken for the request, so that most are permitted.
    #[test]
    fn the_decision_is_the_models_near_the_rule(model in model(), extra in 0usize..2) {
        let mut near = model.clone();
        near.host = model.rule_host.clone();
        if model.rule_wildcard {
            near.host.insert(0, "b");
        }
        let spelled = model.rule_path.iter().map(|segment| (*segment, Spelling::Encoded));
        near.path = spelled.chain(model.path.into_iter().take(extra)).collect();
        if near.path.is_empty() {
            near.path.push((".", Spelling::Plain));
        }
        prop_assert_eq!(permits(&near.rule(), near.method, &near.url()), near.permitted());
    }

    /// What a denial tells to add permits exactly what was tried.
    #[test]
    fn the_rule_in_a_denial_permits_the_request(model in model()) {
        let rule = rule_in_denial(model.method, &model.url());
        prop_assert!(permits(&rule, model.method, &model.url()), "{}", rule);
    }

    /// Whatever a narrower rule permits, a rule that covers it permits.
    #[test]
    fn covering_is_permitting(one in model(), other in model()) {
        let (wide, narrow) = (rule(&one.rule()), rule(&other.rule()));
        if wide.covers(&narrow) && permits(&other.rule(), other.method, &other.url()) {
            prop_assert!(permits(&one.rule(), other.method, &other.url()));
        }
    }

    #[test]
    fn a_rule_reads_back_from_its_text(model in model()) {
        let once = rule(&model.rule());
        prop_assert_eq!(rule(&once.to_string()), once);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,60}", tail in "[a-z.*/:%@\\[\\]0-9]{0,40}") {
        let _ = text.parse::<HttpRule>();
        let _ = format!("GET https://{tail}").parse::<HttpRule>();
    }
}
