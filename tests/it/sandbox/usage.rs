//! What the sandboxes of an agent use, as the runtime measures it.

use std::time::Duration;

use serde_json::json;

use super::support::{call, load, runtime};

#[tokio::test]
async fn cpu_time_and_memory_are_counted_for_the_agent_that_used_them() {
    let rogue = load("rogue").await;
    let usage = |call: &skillgate_runtime::Call| {
        runtime().agent_usage(&call.scope.account, &call.scope.agent)
    };
    let spin = call(&rogue, "spin", json!({}));
    assert_eq!(usage(&spin).cpu, Duration::ZERO);
    rogue.call(spin.clone()).await.unwrap();
    let spun = usage(&spin);
    assert!(spun.cpu > Duration::from_millis(10), "{spun:?}");
    assert!(spun.cpu < spun.window, "{spun:?}");

    let allocate = call(&rogue, "allocate", json!({}));
    let report = rogue.call(allocate.clone()).await.unwrap();
    let allocated = usage(&allocate);
    assert_eq!(allocated.memory, report.receipt.peak_memory);
    assert!(allocated.memory > 32 << 20 && allocated.memory <= allocated.memory_limit);
    assert!(usage(&spin).memory < 8 << 20, "another agent's");
    let stranger = runtime().agent_usage("another", &allocate.scope.agent);
    assert_eq!((stranger.memory, stranger.cpu), (0, Duration::ZERO));
}

#[tokio::test]
async fn a_call_counts_while_it_runs_and_calls_at_the_same_time_count_together() {
    let probe = load("probe").await;
    let one = call(&probe, "sleep", json!({"ms": 60_000}));
    let usage = || runtime().agent_usage(&one.scope.account, &one.scope.agent);
    let start = || {
        let (probe, call) = (probe.clone(), one.clone());
        tokio::spawn(async move { probe.call(call).await })
    };
    let first = start();
    let held = loop {
        tokio::task::yield_now().await;
        let usage = usage();
        if usage.memory > 0 && usage.cpu > Duration::ZERO {
            break usage.memory;
        }
    };
    let second = start();
    while usage().memory <= held {
        tokio::task::yield_now().await;
    }
    one.cancel.cancel();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}
