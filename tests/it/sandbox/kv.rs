//! The key-value store.

use serde_json::json;
use skillgate_runtime::{Call, Outcome, Runtime, RuntimeConfig};

use super::support::{call, config, guest, limit, load, manifest, package, run, text};

#[tokio::test]
async fn a_value_lasts_and_is_seen_by_its_own_scope_alone() {
    let probe = load("probe").await;
    let set = call(&probe, "kv_set", json!({"key": "../name", "value": "ada"}));
    probe.call(set.clone()).await.unwrap();
    let get = Call {
        scope: set.scope.clone(),
        ..call(&probe, "kv_get", json!({"key": "../name"}))
    };
    assert_eq!(text(&probe.call(get).await.unwrap()), "ada");
    let keys = Call {
        scope: set.scope.clone(),
        ..call(&probe, "kv_keys", json!({}))
    };
    assert_eq!(text(&probe.call(keys).await.unwrap()), "../name");
    let delete = Call {
        scope: set.scope.clone(),
        ..call(&probe, "kv_delete", json!({"key": "../name"}))
    };
    probe.call(delete).await.unwrap();
    assert_eq!(
        text(&run(&probe, "kv_get", json!({"key": "../name"})).await),
        "(none)"
    );
}

#[tokio::test]
async fn the_quota_holds() {
    let probe = load("probe").await;
    let report = run(
        &probe,
        "kv_set",
        json!({"key": "a", "value": "x".repeat(65 << 10)}),
    )
    .await;
    assert_eq!(limit(&report), ("kv-quota", "64 KiB"));
}

#[tokio::test]
async fn a_key_of_any_length_is_an_error_of_the_tool() {
    let probe = load("probe").await;
    let report = run(
        &probe,
        "kv_set",
        json!({"key": "k".repeat(2000), "value": ""}),
    )
    .await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
}

#[tokio::test]
async fn what_was_stored_survives_the_runtime() {
    let state = tempfile::tempdir().unwrap();
    let config = RuntimeConfig {
        state_dir: Some(state.path().into()),
        ..config()
    };
    let package = package(manifest("probe"), guest("probe"));
    let first = Runtime::new(config.clone())
        .unwrap()
        .load(&package)
        .await
        .unwrap();
    let set = call(&first, "kv_set", json!({"key": "a", "value": "kept"}));
    first.call(set.clone()).await.unwrap();
    drop(first);
    let second = Runtime::new(config).unwrap().load(&package).await.unwrap();
    let get = Call {
        scope: set.scope,
        ..call(&second, "kv_get", json!({"key": "a"}))
    };
    assert_eq!(text(&second.call(get).await.unwrap()), "kept");
}
