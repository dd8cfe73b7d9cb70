//! Guests that take too much, break, or answer outside the contract.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skillgate_runtime::{Call, OperatorLimits, Outcome, Runtime, RuntimeConfig, ToolError};

use super::support::{
    Kept, call, config, guest, limit, load, manifest, package, run, runtime, text,
};

#[tokio::test]
async fn a_tool_that_loops_for_ever_hits_its_timeout() {
    let rogue = load("rogue").await;
    assert_eq!(
        limit(&run(&rogue, "spin", json!({})).await),
        ("timeout", "1s")
    );
}

#[tokio::test]
async fn a_call_may_have_less_time_than_its_manifest_asks_for() {
    let probe = load("probe").await;
    let call = Call {
        deadline: Some(Duration::from_millis(50)),
        ..call(&probe, "sleep", json!({"ms": 60_000}))
    };
    let report = probe.call(call).await.unwrap();
    assert_eq!(
        limit(&report),
        ("timeout", "50ms"),
        "waiting on a host call counts"
    );
}

#[tokio::test]
async fn a_tool_that_allocates_for_ever_hits_its_memory() {
    let rogue = load("rogue").await;
    let report = run(&rogue, "allocate", json!({})).await;
    assert_eq!(limit(&report), ("memory", "64 MiB"));
    assert!(report.receipt.peak_memory > 32 << 20 && report.receipt.peak_memory <= 64 << 20);
}

#[tokio::test]
async fn a_tool_that_recurses_for_ever_hits_the_end_of_its_stack() {
    let rogue = load("rogue").await;
    assert_eq!(
        limit(&run(&rogue, "recurse", json!({})).await),
        ("stack", "512 KiB")
    );
}

#[tokio::test]
async fn a_tool_that_prints_for_ever_hits_the_limit_on_lines() {
    let rogue = load("rogue").await;
    let kept = Arc::new(Kept::default());
    let report = rogue
        .call(Call {
            sink: kept.clone(),
            ..call(&rogue, "print", json!({}))
        })
        .await
        .unwrap();
    assert_eq!(limit(&report), ("log-lines", "1000"));
    assert_eq!(kept.0.lock().unwrap().len(), 1000);
}

#[tokio::test]
async fn a_flood_of_log_lines_hits_the_same_limit() {
    let rogue = load("rogue").await;
    assert_eq!(
        text(&run(&rogue, "log_flood", json!({"lines": 1000})).await),
        "wrote 1000 lines"
    );
    assert_eq!(
        limit(&run(&rogue, "log_flood", json!({"lines": 1001})).await).0,
        "log-lines"
    );
}

#[tokio::test]
async fn a_flood_of_host_calls_ends() {
    let limits = OperatorLimits {
        host_calls: 100,
        timeout: Duration::from_secs(600),
        ..OperatorLimits::default()
    };
    let runtime = Runtime::new(RuntimeConfig { limits, ..config() }).unwrap();
    let manifest = manifest("rogue").replace("timeout: 1s", "timeout: 600s");
    let rogue = runtime
        .load(&package(manifest, guest("rogue")))
        .await
        .unwrap();
    assert_eq!(
        limit(&run(&rogue, "random_flood", json!({})).await),
        ("host-calls", "100")
    );
}

#[tokio::test]
async fn a_panic_is_the_guests_fault_in_its_own_words() {
    let rogue = load("rogue").await;
    let report = run(&rogue, "panic", json!({})).await;
    let Outcome::Fault(fault) = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(
        fault.message.contains("a tool that panics"),
        "{}",
        fault.message
    );
    assert_eq!(report.receipt.outcome, "fault");
}

#[tokio::test]
async fn an_exit_is_the_guests_fault() {
    let rogue = load("rogue").await;
    let report = run(&rogue, "exit", json!({})).await;
    let Outcome::Fault(fault) = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(fault.message.contains("status"), "{}", fault.message);
}

#[tokio::test]
async fn an_invalid_structured_result_is_the_guests_fault() {
    let rogue = load("rogue").await;
    let report = run(&rogue, "invalid_json", json!({})).await;
    let Outcome::Fault(fault) = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(fault.message.contains("no JSON"), "{}", fault.message);
}

#[tokio::test]
async fn fifty_megabytes_of_answer_hit_the_output_limit() {
    let manifest = manifest("rogue").replace("memory: 64MiB", "memory: 256MiB");
    let rogue = runtime()
        .load(&package(manifest, guest("rogue")))
        .await
        .unwrap();
    assert_eq!(
        limit(&run(&rogue, "huge", json!({})).await),
        ("output", "256 KiB")
    );
}

#[tokio::test]
async fn an_answer_a_little_too_large_hits_the_same_limit() {
    let probe = load("probe").await;
    let just = "x".repeat(256 << 10);
    assert_eq!(
        text(&run(&probe, "echo", json!({"text": just})).await),
        just
    );
    assert_eq!(
        limit(&run(&probe, "echo", json!({"text": format!("{just}x")})).await),
        ("output", "256 KiB")
    );
}

#[tokio::test]
async fn arguments_are_checked_before_anything_runs() {
    let echo = load("echo").await;
    for (arguments, told) in [
        (r#"{"text": 7}"#, "/text"),
        (r#"{}"#, "text"),
        (r#"[1]"#, "object"),
        (r#"{"text": "#, "no JSON"),
        ("", "no JSON"),
    ] {
        let report = echo.call(Call::new("echo", arguments)).await.unwrap();
        let Outcome::Error(ToolError::InvalidArguments(message)) = &report.outcome else {
            panic!("{:?}", report.outcome)
        };
        assert!(message.contains(told), "{arguments}: {message}");
        assert_eq!(report.receipt.peak_memory, 0, "nothing was instantiated");
    }
}

#[tokio::test]
async fn too_many_arguments_are_refused_by_their_size() {
    let echo = load("echo").await;
    let report = run(&echo, "echo", json!({"text": "x".repeat(2 << 20)})).await;
    let Outcome::Error(ToolError::InvalidArguments(message)) = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert!(message.contains("1 MiB"), "{message}");
}

#[tokio::test]
async fn an_unknown_tool_is_answered_with_those_that_there_are() {
    let echo = load("echo").await;
    let (shown, is_error) = run(&echo, "ehco", json!({})).await.outcome.for_model();
    assert!(is_error && shown.contains("echo"), "{shown}");
}

#[tokio::test]
async fn one_calls_harm_does_not_reach_the_next() {
    let rogue = load("rogue").await;
    let echo = load("echo").await;
    for tool in ["allocate", "panic", "recurse", "huge"] {
        run(&rogue, tool, json!({})).await;
        assert_eq!(
            text(&run(&echo, "echo", json!({"text": "still here"})).await),
            "still here"
        );
    }
}

#[tokio::test]
async fn a_guest_that_loops_does_not_hold_up_the_others() {
    let rogue = load("rogue").await;
    let echo = load("echo").await;
    let spinning = tokio::spawn(async move { run(&rogue, "spin", json!({})).await });
    // Also where guests have one thread, an answer comes because the loop yields.
    let report = run(&echo, "echo", json!({"text": "in between"})).await;
    assert!(!spinning.is_finished());
    assert_eq!(text(&report), "in between");
    assert_eq!(limit(&spinning.await.unwrap()).0, "timeout");
}

#[tokio::test]
async fn the_sandbox_holds_no_environment_and_no_arguments() {
    let probe = load("probe").await;
    assert_eq!(text(&run(&probe, "env", json!({})).await), "");
}

#[tokio::test]
async fn log_and_progress_reach_the_sink() {
    let probe = load("probe").await;
    let kept = Arc::new(Kept::default());
    probe
        .call(Call {
            sink: kept.clone(),
            ..call(&probe, "log", json!({"message": "hello"}))
        })
        .await
        .unwrap();
    assert_eq!(
        *kept.0.lock().unwrap(),
        ["Info hello", "progress hello Some(0.5)"]
    );
}

#[tokio::test]
async fn a_receipt_says_what_ran_and_holds_no_content() {
    let echo = load("echo").await;
    let report = run(&echo, "echo", json!({"text": "a very private text"})).await;
    let receipt = &report.receipt;
    assert_eq!(
        (
            receipt.skill.as_str(),
            receipt.tool.as_str(),
            receipt.outcome
        ),
        ("echo", "echo", "result")
    );
    assert_eq!(receipt.version.as_deref(), Some("0.1.0"));
    assert_eq!(receipt.package_digest, echo.digest());
    assert!(receipt.duration_us > 0 && receipt.peak_memory > 0);
    assert!(!serde_json::to_string(receipt).unwrap().contains("private"));
    let again = run(&echo, "echo", json!({"text": "a very private text"}))
        .await
        .receipt;
    assert_eq!(
        (&again.arguments_sha256, &again.result_sha256),
        (&receipt.arguments_sha256, &receipt.result_sha256)
    );
}
