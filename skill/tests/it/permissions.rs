//! Permissions: their forms, and when one set covers another.

use serde_json::json;
use skillgate_skill::{FileAccess, KnowledgeAccess, Manifest, Permissions};

use crate::WEATHER;

fn asked() -> Permissions {
    Manifest::parse_strict(WEATHER).unwrap().permissions
}

#[test]
fn json_has_the_form_of_the_manifest() {
    let expected = json!({
        "http": ["GET https://api.weather.gov/points/*"],
        "secrets": [{"name": "WEATHER_TOKEN", "inject": "bearer", "host": "api.weather.gov"}],
        "files": [{"path": "cache", "access": "read-write", "quota": "10MiB"}],
        "kv": {"quota": "1MiB"},
        "config": ["UNITS"],
        "tools": ["calculator/evaluate"],
        "knowledge": "read",
        "llm": {"tokens": 2000},
    });
    assert_eq!(serde_json::to_value(asked()).unwrap(), expected);
    assert_eq!(
        serde_json::from_value::<Permissions>(expected).unwrap(),
        asked()
    );
    assert_eq!(
        serde_json::to_value(Permissions::default()).unwrap(),
        json!({})
    );
}

#[test]
fn json_is_checked_like_a_manifest() {
    for bad in [
        json!({"http": ["*"]}),
        json!({"https": []}),
        json!({"http": "GET https://example.com"}),
        json!({"files": [{"path": "/", "access": "read-only", "quota": "1B"}]}),
        json!({"kv": {"quota": 0}}),
        json!({"config": ["A B"]}),
        json!({"tools": ["*"]}),
        json!({"knowledge": "all"}),
    ] {
        assert!(
            serde_json::from_value::<Permissions>(bad.clone()).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn the_yaml_is_what_a_manifest_holds() {
    let start = WEATHER.find("      http:").unwrap();
    let end = WEATHER.find("    limits:").unwrap();
    let parents = "metadata:\n  skillgate:\n    permissions:\n";
    assert_eq!(
        asked().to_manifest_yaml(),
        format!("{parents}{}", &WEATHER[start..end])
    );
    let outdented: String = WEATHER[start..end]
        .lines()
        .map(|line| format!("{}\n", &line[6..]))
        .collect();
    assert_eq!(asked().to_yaml(), outdented);
    assert_eq!(Permissions::default().to_yaml(), "");
}

#[test]
fn yaml_reads_back_even_where_texts_look_like_something_else() {
    let odd: Permissions = serde_json::from_value(json!({
        "http": ["https://[::1]/a%3A%20b"],
        "secrets": [{"name": "true", "inject": "header x-a #b", "host": "example.com"}],
        "files": [{"path": "#a 'b'", "access": "read-only", "quota": "1B"}, {"path": "1e3", "access": "read-only", "quota": "1B"}],
        "config": ["null", "yes", "N"],
    }))
    .unwrap();
    let yaml = odd
        .to_manifest_yaml()
        .replacen("metadata:\n", "metadata:\n  version: 1.0.0\n", 1);
    let text = format!("---\nname: a\ndescription: b\n{yaml}---\n");
    assert_eq!(Manifest::parse_strict(&text).unwrap().permissions, odd);
}

#[test]
fn everything_covers_itself_and_nothing() {
    assert!(asked().covers(&asked()));
    assert!(asked().covers(&Permissions::default()));
    assert!(!Permissions::default().covers(&asked()));
}

#[test]
fn an_update_that_asks_for_more_is_not_covered_and_the_difference_is_shown() {
    let more = |change: fn(&mut Permissions)| {
        let mut update = asked();
        change(&mut update);
        assert!(!asked().covers(&update));
        assert!(update.beyond(&asked()) != update, "only the difference");
        update.beyond(&asked()).to_yaml()
    };
    let rule = more(|p| {
        p.http
            .push("POST https://api.weather.gov/x".parse().unwrap())
    });
    assert_eq!(rule, "http:\n  - POST https://api.weather.gov/x\n");
    assert!(more(|p| p.secrets[0].host = "evil.example".into()).contains("host: evil.example"));
    assert!(more(|p| p.files[0].quota += 1).starts_with("files:"));
    assert_eq!(
        more(|p| p.kv.as_mut().unwrap().quota *= 2),
        "kv:\n  quota: 2MiB\n"
    );
    assert_eq!(
        more(|p| p.config.push("MORE".into())),
        "config:\n  - MORE\n"
    );
    assert_eq!(
        more(|p| p.tools.push("notes/add".into())),
        "tools:\n  - notes/add\n"
    );
    assert_eq!(
        more(|p| p.knowledge = Some(KnowledgeAccess::Write)),
        "knowledge: write\n"
    );
    assert_eq!(
        more(|p| p.llm.as_mut().unwrap().tokens += 1),
        "llm:\n  tokens: 2001\n"
    );
}

#[test]
fn an_update_that_asks_for_less_is_covered() {
    let mut less = asked();
    less.http = vec!["GET https://api.weather.gov/points/1".parse().unwrap()];
    less.files[0].access = FileAccess::ReadOnly;
    less.kv.as_mut().unwrap().quota = 1;
    less.llm = None;
    assert!(asked().covers(&less));
    assert!(!less.covers(&asked()));
}
