//! What a turn does, in which order, and what it shows.

use serde_json::json;
use skillgate_agent::{Message, Part, Role, Step, StopReason, ToolOutcome, run};

use crate::support::{Bench, TWO_STEPS, kinds};

#[tokio::test]
async fn a_turn_runs_its_tools_and_ends() {
    let bench = Bench::new(TWO_STEPS);
    let outcome = run(bench.turn()).await;
    assert_eq!(outcome.stop_reason, StopReason::EndTurn);
    assert_eq!(outcome.text, "Let me see.\n\nAll done.");
    assert_eq!(
        (outcome.usage.all_input(), outcome.usage.output_tokens),
        (63, 8)
    );
    assert_eq!(
        bench.tools.calls(),
        ["math__fast", "math__slow", "math__send"]
    );

    assert_eq!(bench.journal.text(), outcome.text);
    assert!(matches!(
        bench.journal.steps().last(),
        Some(Step::Ended { text, usage, .. }) if *text == outcome.text && *usage == outcome.usage
    ));
}

#[tokio::test]
async fn independent_calls_run_at_once_and_their_results_keep_the_order() {
    let bench = Bench::new(TWO_STEPS);
    run(bench.turn()).await;
    // `slow` ends only after `fast` has ended: one after the other they would never end.
    let second = &bench.provider.requests()[1];
    let last = second.messages.last().expect("results");
    let contents: Vec<&str> = last
        .parts
        .iter()
        .map(|part| match part {
            Part::ToolResult { content, .. } => content.as_str(),
            other => panic!("not a result: {other:?}"),
        })
        .collect();
    assert_eq!(last.role, Role::User);
    assert_eq!(contents, ["slow {\"n\":1}", "fast {\"n\":2}"]);
}

#[tokio::test]
async fn each_step_is_committed_before_it_is_acted_on() {
    let bench = Bench::new(TWO_STEPS);
    run(bench.turn()).await;
    let mut kinds = kinds(&bench.journal.steps());
    // Which of two calls side by side comes first is nobody's business.
    kinds[2..6].sort();
    assert_eq!(
        kinds,
        [
            "model_request",
            "model_answer",
            "tool_begun math__fast",
            "tool_begun math__slow",
            "tool_ended math__fast",
            "tool_ended math__slow",
            "model_request",
            "model_answer",
            "tool_begun math__send",
            "tool_ended math__send",
            "model_request",
            "model_answer",
            "ended",
        ]
    );
    let texts: Vec<_> = bench.journal.heard();
    let heard = |piece: &str, steps: usize| (piece.to_owned(), steps);
    assert_eq!(
        texts,
        [
            heard("Let me ", 1),
            heard("see.", 1),
            heard("\n\nAll done.", 11)
        ],
        "each after the request that it answers"
    );
}

#[tokio::test]
async fn the_journal_tells_what_was_shown_when() {
    let bench = Bench::new(TWO_STEPS);
    let outcome = run(bench.turn()).await;
    let steps = bench.journal.steps();
    let shown: String = steps.iter().map(Step::shown_text).collect();
    assert_eq!(shown, outcome.text);
    assert_eq!(shown, bench.journal.text());
    assert!(steps.iter().all(|step| step.notice().is_empty()));
}

#[tokio::test]
async fn a_paused_answer_goes_on() {
    let bench = Bench::new(
        r#"{"turns": [
        {"parts": [{"type": "text", "text": "One"}], "stopReason": "pause_turn"},
        {"parts": [{"type": "text", "text": "two."}]}
    ]}"#,
    );
    let outcome = run(bench.turn()).await;
    assert_eq!(
        (outcome.stop_reason, outcome.text.as_str()),
        (StopReason::EndTurn, "One\n\ntwo.")
    );
    let last = bench.provider.requests()[1].messages.last().cloned();
    assert_eq!(last, Some(Message::assistant("One")));
}

#[test]
fn a_step_of_before_there_were_outcomes_is_still_read() {
    let ended = |rest: serde_json::Value| {
        let mut step = json!({
            "type": "tool_ended", "answer": 0, "call": 0, "id": "a", "name": "math__add", "content": "3", "receipt": null,
        });
        step.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        match serde_json::from_value(step).unwrap() {
            Step::ToolEnded { outcome, .. } => outcome,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ended(json!({ "isError": false })), ToolOutcome::Result);
    assert_eq!(ended(json!({ "isError": true })), ToolOutcome::Error);
    assert_eq!(
        ended(json!({ "isError": true, "outcome": "denied" })),
        ToolOutcome::Denied
    );
    let last = json!({ "type": "ended", "stopReason": "end_turn", "text": "Hi.", "usage": {}, "error": null });
    let last: Step = serde_json::from_value(last).unwrap();
    assert_eq!((last.shown_text().as_ref(), last.notice()), ("", ""));
}

#[test]
fn a_turn_can_be_spawned() {
    fn sendable(_: impl Future<Output = skillgate_agent::RunOutcome> + Send + 'static) {}
    sendable(run(Bench::new(TWO_STEPS).turn()));
}
