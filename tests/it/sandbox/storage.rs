//! What skills keep on the disk: whatever a guest does, it is not more than it may, and what it gives back is free again.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use skillgate_runtime::{
    Call, Outcome, Report, Runtime, RuntimeConfig, Skill, StateScope, StorageLimits,
};

use super::support::{call, config, guest, limit, load, manifest, package, run, text};

/// The hoarder under these limits, with its `files` quota as it is or another.
async fn hoarder(storage: StorageLimits, quota: &str) -> Arc<Skill> {
    let config = RuntimeConfig {
        storage,
        ..config()
    };
    let manifest = manifest("hoarder").replace("1MiB", quota);
    Runtime::new(config)
        .unwrap()
        .load(&package(manifest, guest("hoarder")))
        .await
        .unwrap()
}

/// One call in a scope of its own.
async fn in_scope(skill: &Skill, scope: [&str; 3], tool: &str, arguments: Value) -> Report {
    let [account, agent, peer] = scope.map(str::to_owned);
    let scope = StateScope {
        account,
        agent,
        peer,
        skill: "hoarder".into(),
    };
    let call = Call {
        scope,
        ..call(skill, tool, arguments)
    };
    skill.call(call).await.unwrap()
}

fn is_result(report: &Report) -> bool {
    matches!(report.outcome, Outcome::Result(_))
}

#[tokio::test]
async fn bytes_without_a_name_count_until_they_are_gone() {
    let hoarder = load("hoarder").await;
    let beyond = [
        ("hold_unlinked", json!({"bytes": 8 << 20})),
        ("hold_many", json!({"files": 16, "bytes": 300 << 10})),
        ("rename_over", json!({"files": 16, "bytes": 300 << 10})),
    ];
    for (tool, arguments) in beyond {
        let report = run(&hoarder, tool, arguments).await;
        assert_eq!(limit(&report), ("files-quota", "1 MiB in data"), "{tool}");
    }
    let within = call(&hoarder, "hold_unlinked", json!({"bytes": 900 << 10}));
    for _ in 0..3 {
        let report = hoarder.call(within.clone()).await.unwrap();
        assert_eq!(text(&report), "hold 921600 bytes without a name");
    }
}

#[tokio::test]
async fn what_is_given_back_is_free_again_in_the_same_call() {
    let hoarder = load("hoarder").await;
    for (tool, arguments) in [
        ("cut_and_fill", json!({"times": 20, "bytes": 900 << 10})),
        ("write_and_remove", json!({"times": 20, "bytes": 900 << 10})),
        ("set_length", json!({"times": 20, "bytes": 1000 << 10})),
    ] {
        let report = run(&hoarder, tool, arguments).await;
        assert!(is_result(&report), "{tool}: {:?}", report.outcome);
    }
    let report = run(
        &hoarder,
        "set_length",
        json!({"times": 0, "bytes": 1_u64 << 40}),
    )
    .await;
    assert_eq!(limit(&report).0, "files-quota");
}

#[tokio::test]
async fn calls_at_once_share_one_quota() {
    let hoarder = load("hoarder").await;
    let hold = call(
        &hoarder,
        "hold_many",
        json!({"files": 1, "bytes": 400 << 10}),
    );
    let many = (0..8).map(|_| hoarder.call(hold.clone()));
    futures::future::join_all(many).await;
    let rest = Call {
        scope: hold.scope.clone(),
        ..call(&hoarder, "hold_unlinked", json!({"bytes": 1000 << 10}))
    };
    let report = hoarder.call(rest).await.unwrap();
    assert!(
        is_result(&report),
        "all is given back: {:?}",
        report.outcome
    );
}

#[tokio::test]
async fn names_are_nested_so_deep_and_no_deeper() {
    let hoarder = load("hoarder").await;
    assert!(is_result(
        &run(&hoarder, "nest", json!({"levels": 32})).await
    ));
    let report = run(&hoarder, "nest", json!({"levels": 33})).await;
    assert_eq!(limit(&report), ("folder-depth", "32 levels in data"));
    let report = run(&hoarder, "stack_up", json!({"levels": 20})).await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "a folder keeps its depth: {:?}",
        report.outcome
    );
}

#[tokio::test]
async fn a_folder_holds_so_many_entries() {
    let storage = StorageLimits {
        folder_entries: 10,
        ..StorageLimits::default()
    };
    let hoarder = hoarder(storage, "1MiB").await;
    let scope = ["t", "a", "p"];
    assert!(is_result(
        &in_scope(&hoarder, scope, "many_files", json!({"count": 10})).await
    ));
    let report = in_scope(&hoarder, scope, "many_files", json!({"count": 11})).await;
    assert_eq!(
        limit(&report),
        ("folder-entries", "10 files and folders in data")
    );
}

#[tokio::test]
async fn a_larger_wish_is_cut_to_what_the_operator_gives() {
    let storage = StorageLimits {
        files_quota: 2 << 20,
        kv_quota: 8 << 10,
        ..StorageLimits::default()
    };
    let hoarder = hoarder(storage, "1000GiB").await;
    let report = run(&hoarder, "hold_unlinked", json!({"bytes": 8 << 20})).await;
    assert_eq!(limit(&report), ("files-quota", "2 MiB in data"));
    let report = run(&hoarder, "set_key", json!({"key": "k", "bytes": 9 << 10})).await;
    assert_eq!(limit(&report), ("kv-quota", "8 KiB"));
}

#[tokio::test]
async fn agents_accounts_and_the_host_have_caps_over_all_their_folders() {
    let storage = StorageLimits {
        agent_bytes: 1 << 20,
        account_bytes: 3 << 19,
        host_bytes: 2 << 20,
        ..StorageLimits::default()
    };
    let hoarder = hoarder(storage, "8MiB").await;
    let fill = json!({"times": 0, "bytes": 600 << 10});
    let filled = async |scope| in_scope(&hoarder, scope, "set_length", fill.clone()).await;
    assert!(is_result(&filled(["t", "a", "p"]).await));
    assert_eq!(limit(&filled(["t", "a", "q"]).await).0, "agent-storage");
    assert!(is_result(&filled(["t", "b", "p"]).await));
    assert_eq!(limit(&filled(["t", "c", "p"]).await).0, "account-storage");
    assert!(is_result(&filled(["u", "d", "p"]).await));
    assert_eq!(limit(&filled(["v", "e", "p"]).await).0, "host-storage");
    let kv = json!({"key": "k", "bytes": 48 << 10});
    for _ in 0..2 {
        assert!(is_result(
            &in_scope(&hoarder, ["t", "a", "p"], "set_key", kv.clone()).await
        ));
    }
}

#[tokio::test]
async fn below_the_floor_of_free_disk_guests_do_not_write() {
    let storage = StorageLimits {
        min_free_disk: u64::MAX,
        ..StorageLimits::default()
    };
    let hoarder = hoarder(storage, "1MiB").await;
    for (tool, arguments) in [
        ("hold_unlinked", json!({"bytes": 1})),
        ("set_key", json!({"key": "k", "bytes": 1})),
    ] {
        let report = run(&hoarder, tool, arguments).await;
        let (name, value) = limit(&report);
        assert_eq!(name, "disk-floor");
        assert!(value.contains("operator must make room"), "{value}");
    }
}

#[tokio::test]
async fn so_many_files_are_open_and_no_more() {
    let storage = StorageLimits {
        open_files_per_call: 10,
        open_files_per_account: 10,
        open_files: 10,
        ..StorageLimits::default()
    };
    let hoarder = hoarder(storage, "1MiB").await;
    let scope = ["t", "a", "p"];
    // One place is the folder's own.
    for _ in 0..2 {
        let report = in_scope(&hoarder, scope, "open_many", json!({"count": 9})).await;
        assert_eq!(text(&report), "hold 9 files open");
        let report = in_scope(&hoarder, scope, "open_many", json!({"count": 10})).await;
        assert_eq!(limit(&report), ("open-files", "10 at once"));
    }
}

#[tokio::test]
async fn two_paths_never_share_a_folder_and_a_long_one_works() {
    let long = vec!["y".repeat(14); 16].join("/");
    let folders = |shared: &str| {
        manifest("probe")
            .replace("path: data", "path: a/b")
            .replace("path: shared", &format!("path: {shared}"))
            .replace("read-only", "read-write")
    };
    let folders = [folders("a%2Fb"), folders(&long)];
    for (text_of_manifest, other) in folders.into_iter().zip(["a%2Fb", &long]) {
        let package = package(text_of_manifest, guest("probe"));
        let probe = super::support::runtime().load(&package).await.unwrap();
        let write = json!({"path": "/a/b/file", "text": "kept"});
        let write = call(&probe, "write_file", write);
        assert!(is_result(&probe.call(write.clone()).await.unwrap()));
        let list = |path: &str| Call {
            scope: write.scope.clone(),
            ..call(&probe, "list_files", json!({ "path": path }))
        };
        let listed = probe.call(list("/a/b")).await.unwrap();
        assert_eq!(text(&listed), "file");
        let listed = probe.call(list(&format!("/{other}"))).await.unwrap();
        assert_eq!(text(&listed), "", "{other}");
    }
}

#[tokio::test]
async fn what_was_deleted_before_the_last_end_is_removed_at_the_start() {
    let state = tempfile::tempdir().unwrap();
    let left = state.path().join("trash/left/in");
    std::fs::create_dir_all(&left).unwrap();
    let config = RuntimeConfig {
        state_dir: Some(state.path().into()),
        ..config()
    };
    let _runtime = Runtime::new(config).unwrap();
    until_empty(&state.path().join("trash")).await;
}

/// Waits until a folder is empty.
async fn until_empty(folder: &Path) {
    let is_empty = || std::fs::read_dir(folder).unwrap().next().is_none();
    let wait = async {
        while !is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), wait)
        .await
        .expect("the trash is emptied in the background");
}
