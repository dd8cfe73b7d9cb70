//! What is refused before it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use skillgate_runtime::{Call, LoadError, Pool, Runtime, RuntimeConfig};
use skillgate_skill::{COMPONENT, Package};

use super::support::{
    call, config, denial, guest, load, manifest, nothing, package, run, runtime, text,
};

#[tokio::test]
async fn a_component_that_imports_more_than_it_asks_for_is_refused_with_the_line_to_add() {
    let refused = runtime()
        .load(&package(manifest("overreach"), guest("overreach")))
        .await
        .err()
        .unwrap();
    let LoadError::NotAskedFor { import, yaml } = &refused else {
        panic!("{refused}")
    };
    assert!(import.starts_with("wasi:http/"), "{import}");
    assert!(yaml.contains("permissions:\n      http:\n"), "{yaml}");
    assert!(refused.to_string().contains(yaml));
}

#[tokio::test]
async fn what_is_no_component_is_refused() {
    let honest = package(manifest("echo"), guest("echo"));
    let core = wat::parse_str("(module)").unwrap();
    for (bytes, told) in [
        (core, "core module"),
        (
            b"MZ\x90\0 something".to_vec(),
            "does not begin like WebAssembly",
        ),
    ] {
        let mut files = honest.files.clone();
        files.insert(COMPONENT.to_owned(), bytes);
        let refused = runtime()
            .load(&Package {
                files,
                ..honest.clone()
            })
            .await
            .err()
            .unwrap();
        assert!(matches!(refused, LoadError::NotAComponent { .. }));
        assert!(refused.to_string().contains(told), "{refused}");
    }
}

#[tokio::test]
async fn a_damaged_component_is_refused_by_the_compiler() {
    let mut bytes = guest("echo");
    let middle = bytes.len() / 2;
    bytes.truncate(middle);
    let refused = runtime()
        .load(&package(manifest("echo"), bytes))
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, LoadError::Compile(_)), "{refused}");
}

#[tokio::test]
async fn a_skill_of_instructions_has_nothing_to_run() {
    let files = BTreeMap::from([("SKILL.md".to_owned(), manifest("echo").into_bytes())]);
    let refused = runtime()
        .load(&Package::from_files(files).unwrap())
        .await
        .err()
        .unwrap();
    assert!(
        matches!(refused, LoadError::NoComponent { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn raw_sockets_are_never_offered() {
    let sockets =
        wat::parse_str(r#"(component (import "wasi:sockets/tcp@0.2.0" (instance)))"#).unwrap();
    let refused = runtime()
        .load(&package(manifest("echo"), sockets))
        .await
        .err()
        .unwrap();
    assert!(
        matches!(&refused, LoadError::NotOffered { import, .. } if import == "wasi:sockets/tcp@0.2.0"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_component_without_tools_is_refused() {
    let empty = wat::parse_str("(component)").unwrap();
    let refused = runtime()
        .load(&package(manifest("echo"), empty))
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, LoadError::NoTools { .. }), "{refused}");
}

#[tokio::test]
async fn what_was_asked_for_and_not_granted_is_denied_with_the_exact_yaml() {
    let probe = load("probe").await;
    for (tool, arguments, told) in [
        ("kv_get", json!({"key": "a"}), "  kv:\n"),
        (
            "fetch",
            json!({"url": "https://example.com/x"}),
            "- GET https://example.com/*",
        ),
        (
            "secret_exists",
            json!({"name": "PROBE_TOKEN"}),
            "- name: PROBE_TOKEN",
        ),
    ] {
        let report = probe
            .call(Call {
                granted: nothing(),
                ..call(&probe, tool, arguments)
            })
            .await
            .unwrap();
        let shown = denial(&report);
        assert!(
            shown.contains("not granted") && shown.contains(told),
            "{tool}: {shown}"
        );
    }
}

#[tokio::test]
async fn tools_that_need_nothing_work_without_any_grant() {
    let probe = load("probe").await;
    let report = probe
        .call(Call {
            granted: nothing(),
            ..call(&probe, "echo", json!({"text": "hi"}))
        })
        .await
        .unwrap();
    assert_eq!(text(&report), "hi");
}

#[tokio::test]
async fn a_grant_gives_nothing_that_was_not_asked_for() {
    let probe = load("probe").await;
    let mut granted = probe.manifest().permissions.clone();
    granted.http = vec!["https://elsewhere.example/*".parse().unwrap()];
    let call = Call {
        granted: Arc::new(granted),
        ..call(
            &probe,
            "fetch",
            json!({"url": "https://elsewhere.example/x"}),
        )
    };
    let shown = denial(&probe.call(call).await.unwrap());
    assert!(
        shown.contains("not asked for") && shown.contains("https://elsewhere.example/x"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_skill_learns_only_of_its_own_secrets() {
    let probe = load("probe").await;
    let answer = run(&probe, "secret_exists", json!({"name": "SOMEBODY_ELSES"})).await;
    assert_eq!(text(&answer), "false");
}

#[tokio::test]
async fn where_the_pool_cannot_be_reserved_calls_still_run() {
    // More address space than the machine has.
    let pool = Pool {
        instances: 1_000_000,
    };
    let runtime = Runtime::new(RuntimeConfig { pool, ..config() }).unwrap();
    let echo = runtime
        .load(&package(manifest("echo"), guest("echo")))
        .await
        .unwrap();
    assert_eq!(
        text(&run(&echo, "echo", json!({"text": "on demand"})).await),
        "on demand"
    );
}
