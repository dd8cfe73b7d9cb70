//! Calls that somebody else ends: each leaves its receipt, and its guest does nothing more.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skillgate_runtime::{
    Busy, Call, CallFault, GrantState, GuestConfig, HostFault, LogLevel, Outcome, Runtime,
    RuntimeConfig, Sink,
};
use tokio_util::sync::CancellationToken;

use super::http::{LOOPBACK, probe, server};
use super::support::{call, config, denial, guest, load, manifest, package, run, told};

/// The rogue with a minute for each call, in a runtime where one account has one call at a time.
async fn one_at_a_time() -> Arc<skillgate_runtime::Skill> {
    let guests = GuestConfig {
        calls_per_account: Some(1),
        ..GuestConfig::default()
    };
    let runtime = Runtime::new(RuntimeConfig { guests, ..config() }).unwrap();
    let manifest = manifest("rogue").replace("timeout: 1s", "timeout: 60s");
    runtime
        .load(&package(manifest, guest("rogue")))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_call_that_is_cancelled_inside_the_host_leaves_what_it_did() {
    let (address, _) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let (sink, mut lines) = told();
    let url = format!("http://{address}/sent");
    let sleeping = Call {
        sink,
        ..call(
            &probe,
            "fetch_then_sleep",
            json!({"url": url, "ms": 600_000}),
        )
    };
    let cancel = sleeping.cancel.clone();
    let ended = tokio::spawn(async move { probe.call(sleeping).await });
    assert_eq!(lines.recv().await.unwrap(), "fetched");
    cancel.cancel();
    let report = ended.await.unwrap().unwrap();
    assert!(matches!(report.outcome, Outcome::Cancelled));
    assert_eq!(report.receipt.outcome, "cancelled");
    assert_eq!(report.receipt.uses[0].detail, format!("GET {url}"));
    assert!(report.receipt.peak_memory > 0);
    let (shown, is_error) = report.outcome.for_model();
    assert!(is_error && shown.contains("whether it took effect is unknown"));
    assert_eq!(
        serde_json::to_value(&report.outcome).unwrap(),
        json!({"kind": "cancelled"})
    );
}

#[tokio::test]
async fn a_guest_that_computes_is_cancelled_too() {
    let rogue = one_at_a_time().await;
    let (sink, mut lines) = told();
    let computing = Call {
        sink,
        ..call(&rogue, "compute", json!({"steps": 1_000_000_000}))
    };
    let cancel = computing.cancel.clone();
    let ended = tokio::spawn(async move { rogue.call(computing).await });
    assert_eq!(lines.recv().await.unwrap(), "computing");
    cancel.cancel();
    let report = ended.await.unwrap().unwrap();
    assert!(matches!(report.outcome, Outcome::Cancelled));
}

#[tokio::test]
async fn a_call_that_waits_for_its_place_is_cancelled_and_one_that_waits_too_long_is_told_why() {
    let rogue = one_at_a_time().await;
    let (sink, mut lines) = told();
    let holding = Call {
        sink,
        ..call(&rogue, "hold", json!({"mebibytes": 1}))
    };
    let cancel = holding.cancel.clone();
    let held = tokio::spawn({
        let rogue = Arc::clone(&rogue);
        async move { rogue.call(holding).await }
    });
    assert_eq!(lines.recv().await.unwrap(), "held");

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    let waiting = Call {
        cancel: cancelled,
        ..call(&rogue, "exit", json!({}))
    };
    let report = rogue.call(waiting).await.unwrap();
    assert!(matches!(report.outcome, Outcome::Cancelled));
    assert_eq!(report.receipt.peak_memory, 0, "nothing was instantiated");

    let impatient = Call {
        deadline: Some(Duration::from_millis(20)),
        ..call(&rogue, "exit", json!({}))
    };
    let CallFault { fault, receipt } = rogue.call(impatient).await.unwrap_err();
    assert!(
        matches!(fault, HostFault::Busy(Busy::Account { calls: 1, .. })),
        "{fault}"
    );
    assert!(fault.to_string().contains("this account"), "{fault}");
    assert_eq!(
        (receipt.outcome, receipt.tool.as_str()),
        ("host_fault", "exit")
    );

    let mut elsewhere = call(&rogue, "exit", json!({}));
    elsewhere.scope.account = "another".into();
    let report = rogue.call(elsewhere).await.unwrap();
    assert!(
        matches!(report.outcome, Outcome::Fault(_)),
        "another account does not wait"
    );
    cancel.cancel();
    assert!(matches!(
        held.await.unwrap().unwrap().outcome,
        Outcome::Cancelled
    ));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_ends() {
    let rogue = one_at_a_time().await;
    let (sink, mut lines) = told();
    let holding = Call {
        sink,
        ..call(&rogue, "hold", json!({"mebibytes": 1}))
    };
    let abandoned = tokio::spawn({
        let rogue = Arc::clone(&rogue);
        async move { rogue.call(holding).await }
    });
    assert_eq!(lines.recv().await.unwrap(), "held");
    abandoned.abort();
    // The account has one place, and the guest would hold it for a minute.
    let next = Call {
        deadline: Some(Duration::from_secs(20)),
        ..call(&rogue, "panic", json!({}))
    };
    let report = rogue.call(next).await.unwrap();
    assert!(matches!(report.outcome, Outcome::Fault(_)));
}

#[tokio::test]
async fn a_fault_of_the_host_carries_what_the_call_had_done() {
    struct Broken;
    impl Sink for Broken {
        fn log(&self, _: LogLevel, _: &str) {
            panic!("the log is broken");
        }
    }
    let (address, _) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let url = format!("http://{address}/sent");
    let faulty = Call {
        sink: Arc::new(Broken),
        ..call(&probe, "fetch_then_sleep", json!({"url": url, "ms": 0}))
    };
    let CallFault { fault, receipt } = probe.call(faulty).await.unwrap_err();
    assert!(fault.to_string().contains("the log is broken"), "{fault}");
    assert_eq!(receipt.outcome, "host_fault");
    assert_eq!(receipt.uses[0].detail, format!("GET {url}"));
    // The threads live on.
    let report = run(&probe, "echo", json!({"text": "still here"})).await;
    assert_eq!(report.outcome.for_model().0, "still here");
}

#[tokio::test]
async fn a_grant_that_is_revoked_ends_the_call_with_the_denial() {
    let probe = load("probe").await;
    let (sink, mut lines) = told();
    let reading = Call {
        sink,
        ..call(&probe, "kv_get_until_refused", json!({}))
    };
    let grant = reading.grant_state.clone();
    let ended = tokio::spawn({
        let probe = Arc::clone(&probe);
        async move { probe.call(reading).await }
    });
    assert_eq!(lines.recv().await.unwrap(), "reading");
    grant.revoke();
    let report = ended.await.unwrap().unwrap();
    let shown = denial(&report);
    assert!(
        shown.contains("not granted") && shown.contains("kv:"),
        "{shown}"
    );
    assert_eq!(report.receipt.outcome, "denied");

    let later = Call {
        grant_state: grant,
        ..call(&probe, "echo", json!({"text": "a"}))
    };
    let report = probe.call(later).await.unwrap();
    denial(&report);
    assert_eq!(report.receipt.peak_memory, 0, "nothing was instantiated");
    let others = Call {
        grant_state: GrantState::default(),
        ..call(&probe, "echo", json!({"text": "a"}))
    };
    assert!(matches!(
        probe.call(others).await.unwrap().outcome,
        Outcome::Result(_)
    ));
}
