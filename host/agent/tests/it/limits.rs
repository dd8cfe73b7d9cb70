//! What ends a turn, and what is kept from it.

use std::sync::Arc;
use std::time::Duration;

use skillgate_agent::{Budget, Event, Redactor, Step, StopReason, run, transcript};

use crate::support::{Bench, ENDLESS, kinds};

#[tokio::test]
async fn a_budget_ends_the_turn_with_an_answer_that_says_so() {
    let usual = Budget::default();
    for (budget, reason, said, requests) in [
        (
            Budget { steps: 2, ..usual },
            StopReason::MaxSteps,
            "2 calls of the model",
            2,
        ),
        (
            Budget {
                tokens: 100,
                ..usual
            },
            StopReason::MaxTokens,
            "100 tokens",
            3,
        ),
        (
            Budget {
                wall: Duration::ZERO,
                ..usual
            },
            StopReason::Timeout,
            "0 seconds",
            0,
        ),
    ] {
        let bench = Bench::new(ENDLESS);
        let mut turn = bench.turn();
        turn.budget = budget;
        let outcome = run(turn).await;
        assert_eq!(outcome.stop_reason, reason);
        assert!(outcome.text.contains(said), "{}", outcome.text);
        assert_eq!(bench.provider.requests().len(), requests);
        let ended = bench.journal.steps().pop();
        assert!(matches!(ended, Some(Step::Ended { text, .. }) if text == outcome.text));
    }
}

#[tokio::test]
async fn the_last_answer_may_use_only_the_tokens_that_are_left() {
    let bench = Bench::new(ENDLESS);
    let mut turn = bench.turn();
    turn.budget.tokens = 100;
    run(turn).await;
    let limits: Vec<u32> = bench
        .provider
        .requests()
        .iter()
        .map(|request| request.max_tokens)
        .collect();
    assert_eq!(limits, [100, 60, 20]);
}

#[tokio::test]
async fn a_turn_is_cancelled_while_a_tool_runs() {
    let bench =
        Bench::new(r#"{"turns": [{"parts": [{"type": "tool_call", "name": "math__hang"}]}]}"#);
    let turn = bench.turn();
    let cancel = turn.cancel.clone();
    let (outcome, ()) = tokio::join!(run(turn), async {
        bench.tools.hanging().await;
        cancel.cancel();
    });
    assert_eq!(outcome.stop_reason, StopReason::Cancelled);
    assert!(matches!(
        bench.take_events().last(),
        Some(Event::Done {
            stop_reason: StopReason::Cancelled,
            ..
        })
    ));
    let steps = bench.journal.steps();
    assert_eq!(
        kinds(&steps)[2..],
        ["tool_begun math__hang", "tool_ended math__hang", "ended"]
    );
}

#[tokio::test]
async fn half_a_call_never_runs() {
    let bench = Bench::new(
        r#"{"turns": [
        {"parts": [{"type": "text", "text": "I"}, {"type": "tool_call", "name": "math__send"}], "stopReason": "max_tokens"}
    ]}"#,
    );
    let outcome = run(bench.turn()).await;
    assert_eq!(
        (outcome.stop_reason, outcome.text.as_str()),
        (StopReason::MaxTokens, "I")
    );
    assert!(bench.tools.calls().is_empty());
    assert_eq!(transcript(&bench.journal.steps()).len(), 2);
}

#[tokio::test]
async fn a_huge_result_is_cut_with_a_note() {
    let bench = Bench::new(
        r#"{"turns": [
        {"parts": [{"type": "tool_call", "name": "math__huge"}]}, {"parts": []}
    ]}"#,
    );
    run(bench.turn()).await;
    let Some(Step::ToolEnded { content, .. }) = bench.journal.steps().into_iter().nth(3) else {
        panic!("no result");
    };
    assert!(content.len() < 66_000);
    assert!(
        content.ends_with("[cut: these are the first 65535 of 300001 bytes]"),
        "{}",
        &content[65_000..]
    );
}

#[tokio::test]
async fn a_secret_of_the_agent_reaches_nobody() {
    let bench = Bench::new(
        r#"{"turns": [
        {"parts": [{"type": "tool_call", "name": "math__leak"}]},
        {"parts": [{"type": "text", "text": "It is tok"}, {"type": "text", "text": "en-1234"}, {"type": "text", "text": "56!"}]}
    ]}"#,
    );
    let mut turn = bench.turn();
    turn.redactor = Arc::new(Redactor::new(["token-123456"]));
    let outcome = run(turn).await;
    assert_eq!(outcome.text, "It is [redacted]!");
    let seen = [
        serde_json::to_string(&bench.take_events()),
        serde_json::to_string(&bench.journal.steps()),
        serde_json::to_string(&bench.provider.requests()),
    ];
    for text in seen {
        assert!(!text.expect("JSON").contains("token-123456"));
    }
}
