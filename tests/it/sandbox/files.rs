//! Folders: inside them everything works, outside there is nothing, and the quota holds.

use serde_json::json;
use skillgate_runtime::{Call, Outcome, Skill};

use super::support::{call, limit, load, run, text};

/// One call in the same state as `first`.
async fn in_state_of(
    first: &Call,
    skill: &Skill,
    tool: &str,
    arguments: serde_json::Value,
) -> skillgate_runtime::Report {
    let next = Call {
        scope: first.scope.clone(),
        ..call(skill, tool, arguments)
    };
    skill.call(next).await.unwrap()
}

#[tokio::test]
async fn a_file_lasts_to_the_next_call_and_is_seen_by_nobody_else() {
    let probe = load("probe").await;
    let write = call(
        &probe,
        "write_file",
        json!({"path": "/data/a.txt", "text": "kept"}),
    );
    assert!(matches!(
        probe.call(write.clone()).await.unwrap().outcome,
        Outcome::Result(_)
    ));
    let read = json!({"path": "/data/a.txt"});
    assert_eq!(
        text(&in_state_of(&write, &probe, "read_file", read.clone()).await),
        "kept"
    );
    assert_eq!(
        text(&in_state_of(&write, &probe, "list_files", json!({"path": "/data"})).await),
        "a.txt"
    );
    let another = run(&probe, "read_file", read).await;
    assert!(
        matches!(another.outcome, Outcome::Error(_)),
        "{:?}",
        another.outcome
    );
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let probe = load("probe").await;
    for path in [
        "/etc/passwd",
        "../etc/passwd",
        "/data/../../etc/passwd",
        "/data/../../../../../../etc/passwd",
        "/proc/self/environ",
        "data/./../shared/../../x",
    ] {
        for tool in ["read_file", "list_files"] {
            let report = run(&probe, tool, json!({"path": path})).await;
            assert!(
                matches!(report.outcome, Outcome::Error(_)),
                "{tool} {path}: {:?}",
                report.outcome
            );
        }
        let report = run(&probe, "write_file", json!({"path": path, "text": "x"})).await;
        assert!(
            matches!(report.outcome, Outcome::Error(_)),
            "{path}: {:?}",
            report.outcome
        );
    }
}

#[tokio::test]
async fn a_name_that_is_too_long_is_an_error_of_the_tool() {
    let probe = load("probe").await;
    let path = format!("/data/{}", "n".repeat(5000));
    let report = run(&probe, "write_file", json!({"path": path, "text": "x"})).await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
}

#[tokio::test]
async fn a_read_only_folder_is_not_written() {
    let probe = load("probe").await;
    let report = run(
        &probe,
        "write_file",
        json!({"path": "/shared/a.txt", "text": "x"}),
    )
    .await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
}

#[tokio::test]
async fn the_quota_holds_and_what_is_overwritten_is_free_again() {
    let probe = load("probe").await;
    let within = call(
        &probe,
        "write_many",
        json!({"path": "/data/big", "bytes": 900 << 10}),
    );
    assert!(matches!(
        probe.call(within.clone()).await.unwrap().outcome,
        Outcome::Result(_)
    ));
    let again = in_state_of(
        &within,
        &probe,
        "write_many",
        json!({"path": "/data/big", "bytes": 900 << 10}),
    )
    .await;
    assert!(
        matches!(again.outcome, Outcome::Result(_)),
        "{:?}",
        again.outcome
    );
    let beyond = in_state_of(
        &within,
        &probe,
        "write_many",
        json!({"path": "/data/more", "bytes": 200 << 10}),
    )
    .await;
    assert_eq!(limit(&beyond), ("files-quota", "1 MiB in data"));
}

#[tokio::test]
async fn a_file_cannot_outgrow_the_quota_in_one_call() {
    let probe = load("probe").await;
    let report = run(
        &probe,
        "write_many",
        json!({"path": "/data/big", "bytes": 20 << 20}),
    )
    .await;
    assert_eq!(limit(&report).0, "files-quota");
    let written: u64 = report
        .receipt
        .uses
        .iter()
        .filter(|used| used.permission == "files")
        .map(|used| used.bytes)
        .sum();
    assert!(written <= 1 << 20, "{written}");
}
