//! What ends a turn, and what is kept from it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skillgate_agent::{Budget, Redactor, Step, StopReason, ToolOutcome, run, transcript};

use crate::support::{self, Bench, ENDLESS, kinds, last_results};

#[tokio::test]
async fn a_budget_ends_the_turn_with_an_answer_that_says_so() {
    let usual = Budget::default();
    for (budget, reason, said, requests) in [
        (
            Budget {
                model_calls: 2,
                ..usual
            },
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
    let steps = bench.journal.steps();
    assert_eq!(
        kinds(&steps)[2..],
        ["tool_begun math__hang", "tool_ended math__hang", "ended"]
    );
    let Step::ToolEnded {
        content,
        outcome,
        receipt,
        ..
    } = &steps[3]
    else {
        panic!("{steps:?}");
    };
    assert!(content.contains("cancelled") && content.contains("unknown"));
    assert_eq!(*outcome, ToolOutcome::Cancelled);
    assert_eq!(
        receipt,
        &Some(support::tools::receipt("math__hang")),
        "what it did is recorded"
    );
}

#[tokio::test]
async fn a_call_that_does_not_hear_that_it_is_cancelled_is_not_waited_for() {
    let bench =
        Bench::new(r#"{"turns": [{"parts": [{"type": "tool_call", "name": "math__deaf"}]}]}"#);
    let mut turn = bench.turn();
    turn.budget.stop_grace = Duration::from_millis(1);
    let cancel = turn.cancel.clone();
    let (outcome, ()) = tokio::join!(run(turn), async {
        bench.tools.hanging().await;
        cancel.cancel();
    });
    assert_eq!(outcome.stop_reason, StopReason::Cancelled);
    let steps = bench.journal.steps();
    assert!(matches!(&steps[3], Step::ToolEnded { receipt: None, .. }));
}

#[tokio::test]
async fn a_call_in_which_the_host_failed_leaves_its_receipt() {
    let bench = Bench::new(
        r#"{"turns": [{"parts": [{"type": "tool_call", "name": "math__broken"}]}, {"parts": []}]}"#,
    );
    run(bench.turn()).await;
    let steps = bench.journal.steps();
    let expected = Some(support::tools::receipt("math__broken"));
    assert!(matches!(
        &steps[3],
        Step::ToolEnded { receipt, outcome: ToolOutcome::HostFault, .. } if *receipt == expected
    ));
}

/// An answer with so many calls of `math__fast`, and then one that says that it is done.
fn calls_of_fast(count: usize) -> String {
    let call = json!({"type": "tool_call", "name": "math__fast"});
    let done = json!({"parts": [{"type": "text", "text": "Done."}]});
    json!({"turns": [{"parts": vec![call; count]}, done]}).to_string()
}

#[tokio::test]
async fn the_calls_of_one_answer_are_counted_and_each_is_answered() {
    let bench = Bench::new(&calls_of_fast(3_000));
    let outcome = run(bench.turn()).await;
    assert_eq!(outcome.text, "Done.");
    assert_eq!(bench.tools.calls().len(), 64);
    let results = last_results(&bench);
    assert_eq!(results.len(), 3_000);
    let refused =
        |(content, is_error): &&(String, bool)| *is_error && content.contains("at most 64 tools");
    assert_eq!(results.iter().filter(refused).count(), 3_000 - 64);
    assert_eq!(
        transcript(&bench.journal.steps()).len(),
        3,
        "and a restart finds the same"
    );
}

#[tokio::test]
async fn the_calls_of_a_turn_are_counted_and_end_it() {
    let bench = Bench::new(ENDLESS);
    let mut turn = bench.turn();
    turn.budget.tool_calls = 2;
    let outcome = run(turn).await;
    assert_eq!(outcome.stop_reason, StopReason::MaxToolCalls);
    assert!(
        outcome
            .text
            .ends_with("the limit of 2 tool calls for one turn is reached.)")
    );
    assert_eq!(bench.tools.calls().len(), 2);
    assert_eq!(bench.provider.requests().len(), 3);

    let steps = bench.journal.steps();
    let resumed = Bench::new(ENDLESS);
    let mut turn = resumed.resumed(&steps[..steps.len() - 2]);
    turn.budget.tool_calls = 2;
    assert_eq!(run(turn).await.stop_reason, StopReason::MaxToolCalls);
    assert!(
        resumed.tools.calls().is_empty(),
        "they count after a restart too"
    );
}

#[tokio::test]
async fn what_a_turn_may_record_is_limited() {
    let huge = json!({"parts": [{"type": "tool_call", "name": "math__huge"}]});
    let bench = Bench::new(&json!({"turns": vec![huge; 5]}).to_string());
    let mut turn = bench.turn();
    turn.budget.journal_bytes = 100_000;
    let outcome = run(turn).await;
    assert_eq!(outcome.stop_reason, StopReason::MaxBytes);
    assert!(
        outcome.text.contains("100000 recorded bytes"),
        "{}",
        outcome.text
    );
    assert_eq!(bench.tools.calls().len(), 2);
    let recorded = serde_json::to_string(&bench.journal.steps()).expect("JSON");
    assert!(recorded.len() < 200_000);
}

#[tokio::test]
async fn nothing_begins_after_the_end_of_the_time() {
    let bench = Bench::new(&calls_of_fast(3));
    let whole = run(bench.turn()).await;
    assert_eq!(whole.stop_reason, StopReason::EndTurn);
    let steps = bench.journal.steps();
    let resumed = Bench::new(&calls_of_fast(3));
    let mut turn = resumed.resumed(&steps[..2]);
    turn.budget.wall = Duration::ZERO;
    assert_eq!(run(turn).await.stop_reason, StopReason::Timeout);
    assert_eq!(kinds(&resumed.journal.steps()), ["ended"]);
    let messages = transcript(&[&steps[..2], &resumed.journal.steps()].concat());
    assert_eq!(
        messages[1].parts.len(),
        3,
        "each call has a result all the same"
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
async fn a_secret_where_a_result_is_cut_is_not_shown_in_half() {
    let bench = Bench::new(
        r#"{"turns": [{"parts": [{"type": "tool_call", "name": "math__padded"}]}, {"parts": []}]}"#,
    );
    let mut turn = bench.turn();
    turn.redactor = Arc::new(Redactor::new(["token-123456"]));
    run(turn).await;
    let (content, _) = last_results(&bench).pop().expect("a result");
    assert!(!content.contains("token"), "{}", &content[65_000..]);
    assert!(content.len() < 66_000 && content.contains("of 131074 bytes]"));
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
        Ok(bench.journal.text()),
        Ok(bench.journal.steps().iter().map(Step::shown_text).collect()),
        serde_json::to_string(&bench.journal.steps()),
        serde_json::to_string(&bench.provider.requests()),
    ];
    for text in seen {
        assert!(!text.expect("JSON").contains("token-123456"));
    }
}
