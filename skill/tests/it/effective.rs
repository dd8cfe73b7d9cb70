//! Asked ∩ granted: each kind of permission none, asked alone, granted alone, both.

use std::sync::Arc;

use serde_json::{Value, json};
use skillgate_skill::{Denial, Effective, FileAccess, KnowledgeAccess, Permissions};

fn permissions(json: Value) -> Arc<Permissions> {
    Arc::new(serde_json::from_value(json).unwrap())
}

fn effective(asked: Value, granted: Value) -> Effective {
    Effective::new(permissions(asked), permissions(granted))
}

/// Permitted with both, denied as documented with either one missing.
fn both_are_needed(
    permission: Value,
    yaml: &str,
    decide: impl Fn(&Effective) -> Result<(), Denial>,
) {
    let decided =
        |asked: &Value, granted: &Value| decide(&effective(asked.clone(), granted.clone()));
    let nothing = json!({});
    assert_eq!(decided(&permission, &permission), Ok(()));
    for granted in [&nothing, &permission] {
        let denial = decided(&nothing, granted).unwrap_err();
        assert_eq!(denial.reason, "not asked for");
        let indented: String = yaml.lines().map(|line| format!("      {line}\n")).collect();
        assert_eq!(
            denial.yaml,
            format!("metadata:\n  skillgate:\n    permissions:\n{indented}")
        );
    }
    let denial = decided(&permission, &nothing).unwrap_err();
    assert_eq!(denial.reason, "not granted");
    let indented: String = yaml.lines().map(|line| format!("  {line}\n")).collect();
    assert_eq!(denial.yaml, format!("permissions:\n{indented}"));
}

#[test]
fn each_kind_needs_asking_and_granting() {
    let url = "https://api.example.com/points/1?token=x".parse().unwrap();
    both_are_needed(
        json!({"http": ["GET https://api.example.com/points/1"]}),
        "http:\n  - GET https://api.example.com/points/1\n",
        |effective| effective.http("GET", &url),
    );
    both_are_needed(
        json!({"files": [{"path": "cache", "access": "read-only", "quota": "10MiB"}]}),
        "files:\n  - path: cache\n    access: read-only\n    quota: 10MiB\n",
        |effective| effective.file("cache", FileAccess::ReadOnly).map(drop),
    );
    both_are_needed(
        json!({"kv": {"quota": "1MiB"}}),
        "kv:\n  quota: 1MiB\n",
        |effective| effective.kv_quota().map(drop),
    );
    both_are_needed(
        json!({"config": ["UNITS"]}),
        "config:\n  - UNITS\n",
        |effective| effective.config("UNITS"),
    );
    both_are_needed(
        json!({"tools": ["a/b"]}),
        "tools:\n  - a/b\n",
        |effective| effective.tools("a/b"),
    );
    both_are_needed(
        json!({"knowledge": "write"}),
        "knowledge: write\n",
        |effective| effective.knowledge(KnowledgeAccess::Write),
    );
    both_are_needed(
        json!({"llm": {"tokens": 1000}}),
        "llm:\n  tokens: 1000\n",
        |effective| effective.llm().map(drop),
    );
}

#[test]
fn a_denial_is_one_clear_text() {
    let url = "https://user:word@api.example.com:8443/points/1?token=x"
        .parse()
        .unwrap();
    let denial = effective(json!({}), json!({}))
        .http("GET", &url)
        .unwrap_err();
    assert_eq!(
        denial.to_string(),
        "GET https://api.example.com:8443/points/1 was denied: its URL holds a user name or password; \
         use `secrets` for credentials. No permission allows this."
    );
    let url = "https://api.example.com/points/1?token=x".parse().unwrap();
    let denial = effective(json!({}), json!({}))
        .http("GET", &url)
        .unwrap_err();
    assert_eq!(
        denial.to_string(),
        "GET https://api.example.com/points/1 was denied: not asked for. The skill's author adds this to the \
         frontmatter of its SKILL.md:\nmetadata:\n  skillgate:\n    permissions:\n      http:\n        \
         - GET https://api.example.com/points/1"
    );
}

#[test]
fn the_narrower_side_decides() {
    let wide = json!({
        "http": ["https://api.example.com"],
        "files": [{"path": "cache", "access": "read-write", "quota": "10MiB"}],
        "kv": {"quota": "1MiB"}, "llm": {"tokens": 2000}, "knowledge": "write",
    });
    let narrow = json!({
        "http": ["GET https://api.example.com/a/*"],
        "files": [{"path": "cache", "access": "read-only", "quota": "20MiB"}],
        "kv": {"quota": "2KiB"}, "llm": {"tokens": 5}, "knowledge": "read",
    });
    for effective in [
        effective(wide.clone(), narrow.clone()),
        effective(narrow, wide),
    ] {
        assert!(
            effective
                .http("GET", &"https://api.example.com/a/b".parse().unwrap())
                .is_ok()
        );
        assert!(
            effective
                .http("PUT", &"https://api.example.com/a/b".parse().unwrap())
                .is_err()
        );
        assert_eq!(effective.kv_quota(), Ok(2048));
        assert_eq!(effective.llm(), Ok(5));
        assert!(effective.knowledge(KnowledgeAccess::Read).is_ok());
        assert!(effective.knowledge(KnowledgeAccess::Write).is_err());
        let folders = effective.files();
        assert_eq!(
            (folders[0].access, folders[0].quota),
            (FileAccess::ReadOnly, 10 << 20)
        );
        assert!(effective.file("cache", FileAccess::ReadWrite).is_err());
        assert!(effective.file("other", FileAccess::ReadOnly).is_err());
    }
}

#[test]
fn a_secret_goes_to_its_host_alone() {
    let asked = json!({"secrets": [
        {"name": "A", "inject": "bearer", "host": "a.example"},
        {"name": "A", "inject": "bearer", "host": "b.example"},
        {"name": "B", "inject": "header x-key", "host": "a.example"},
    ]});
    let granted = json!({"secrets": [
        {"name": "A", "inject": "bearer", "host": "b.example"},
        {"name": "B", "inject": "query key", "host": "a.example"},
        {"name": "C", "inject": "bearer", "host": "a.example"},
    ]});
    let effective = effective(asked, granted);
    assert!(
        effective.secrets_for("a.example").is_empty(),
        "granted in another way, or not asked for"
    );
    assert_eq!(effective.secrets_for("b.example")[0].name, "A");
    assert!(effective.secrets_for("c.example").is_empty());
    assert_eq!(effective.secret("A").unwrap().host, "b.example");
    let denial = effective.secret("B").unwrap_err();
    assert_eq!(denial.reason, "not granted");
    assert!(
        denial
            .yaml
            .contains("- name: B\n      inject: header x-key\n      host: a.example\n")
    );
    let denial = effective.secret("C").unwrap_err();
    assert_eq!(denial.reason, "not asked for");
    assert!(denial.yaml.contains("      secrets:\n        - name: C\n"));
}

#[test]
fn a_folder_granted_and_not_asked_for_is_not_opened() {
    let folder =
        |path: &str| json!({"files": [{"path": path, "access": "read-only", "quota": "1B"}]});
    assert!(effective(folder("a"), folder("b")).files().is_empty());
    assert!(effective(folder("a"), json!({})).files().is_empty());
    assert!(effective(json!({}), folder("a")).files().is_empty());
}

#[test]
fn what_no_permission_can_name_is_denied_in_few_words() {
    let effective = effective(json!({}), json!({}));
    let long = "x".repeat(1 << 20);
    let url = format!("https://a.example/b/{long}");
    for denial in [
        effective.config(&long).unwrap_err(),
        effective.secret("a\nb").unwrap_err(),
        effective.tools("evaluate").unwrap_err(),
        effective.file("../a", FileAccess::ReadOnly).unwrap_err(),
        effective
            .http("GET", &"https://a.example./".parse().unwrap())
            .unwrap_err(),
        effective
            .http("GET", &"https://a.example/%2F".parse().unwrap())
            .unwrap_err(),
        effective
            .http(&long, &"https://a.example/".parse().unwrap())
            .unwrap_err(),
        effective
            .http("TRACE", &"https://a.example/".parse().unwrap())
            .unwrap_err(),
    ] {
        assert_eq!(
            (denial.yaml.as_str(), denial.remedy.as_str()),
            ("", "No permission allows this.")
        );
        assert!(denial.to_string().len() < 1000, "{denial}");
    }
    let denial = effective.http("GET", &url.parse().unwrap()).unwrap_err();
    assert!(
        denial.yaml.ends_with("- GET https://a.example/b/*\n"),
        "{}",
        denial.yaml
    );
    assert!(denial.to_string().len() < 1000);
}
