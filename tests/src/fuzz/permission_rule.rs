//! HTTP rules, and what is decided by them.

use std::sync::Arc;

use skillgate_skill::{Denial, Effective, HttpRule, Manifest, Permissions};
use url::Url;

/// The first line of the input is a rule, the second a request: method, space, URL.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (rule, request) = text.split_once('\n').unwrap_or((text, ""));
    let rule = rule.parse::<HttpRule>().ok();
    if let Some(rule) = &rule {
        reads_back(rule);
    }
    let Some((method, url)) = request.split_once(' ') else {
        return;
    };
    if let Ok(url) = Url::parse(url) {
        is_decided(rule, method, &url);
    }
}

fn reads_back(rule: &HttpRule) {
    let text = rule.to_string();
    let read: HttpRule = text.parse().expect("a rule's own text is a rule");
    assert_eq!(&read, rule, "{text}");
    assert_eq!(read.to_string(), text);
    assert!(rule.covers(&read) && read.covers(rule), "{text}");
}

/// The narrowest rule that permits a request does permit it, and is covered by every rule that does.
fn is_decided(rule: Option<HttpRule>, method: &str, url: &Url) {
    let refused = decide(Permissions::default(), method, url);
    let denial = refused.expect_err("nothing is permitted by nothing");
    let permitted = rule
        .as_ref()
        .is_some_and(|rule| decide(only(rule.clone()), method, url).is_ok());
    if denial.yaml.is_empty() {
        assert!(!permitted, "what no rule can permit was permitted: {url}");
        return;
    }
    let narrowest = rule_of(&denial);
    assert_eq!(decide(only(narrowest.clone()), method, url), Ok(()));
    let is_exact = !narrowest.to_string().ends_with('*');
    let covers = rule.is_some_and(|rule| rule.covers(&narrowest));
    assert!(permitted || !covers, "{url}");
    assert!(covers || !permitted || !is_exact, "{url}");
}

fn decide(held: Permissions, method: &str, url: &Url) -> Result<(), Denial> {
    let held = Arc::new(held);
    Effective::new(held.clone(), held).http(method, url)
}

fn only(rule: HttpRule) -> Permissions {
    Permissions {
        http: vec![rule],
        ..Permissions::default()
    }
}

/// The rule that a denial tells an author to add.
fn rule_of(denial: &Denial) -> HttpRule {
    let text = format!("---\nname: a\ndescription: b\n{}---\n", denial.yaml);
    let manifest = Manifest::parse_lenient(&text).expect("what a denial says to add can be added");
    let mut rules = manifest.permissions.http;
    rules.pop().expect("the rule that a denial names")
}
