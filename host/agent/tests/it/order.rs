//! What a turn does, in which order, and what it shows.

use std::sync::Arc;

use serde_json::{Value, json};
use skillgate_agent::{Event, Message, Part, Role, Step, StopReason, ToolOrigin, event_queue, run};

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

    let events = bench.take_events();
    let shown: String = events
        .iter()
        .filter_map(|event| match event {
            Event::Text { content } => Some(content.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(shown, outcome.text);
    let done = Event::Done {
        run_id: "run_1".into(),
        stop_reason: StopReason::EndTurn,
    };
    assert_eq!(
        events[events.len() - 2..],
        [
            Event::Usage {
                input_tokens: 63,
                output_tokens: 8
            },
            done
        ]
    );
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
async fn each_step_is_committed_before_it_is_shown() {
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
    for (place, event) in bench.take_events().iter().enumerate() {
        let committed = bench.journal.events_before(|step| match (event, step) {
            (Event::Text { .. }, Step::ModelRequest { .. }) => true,
            (Event::ToolCall { id: shown, .. }, Step::ToolBegun { id, .. })
            | (Event::ToolResult { id: shown, .. }, Step::ToolEnded { id, .. }) => shown == id,
            (Event::Usage { .. } | Event::Done { .. }, Step::Ended { .. }) => true,
            _ => false,
        });
        assert!(
            committed.is_some_and(|events| events <= place),
            "{event:?} came too early"
        );
    }
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

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_run() {
    let bench = Bench::new(TWO_STEPS);
    let mut turn = bench.turn();
    turn.events = Arc::new(event_queue().0);
    assert_eq!(run(turn).await.stop_reason, StopReason::EndTurn);
}

#[test]
fn events_have_the_documented_form() {
    let event = |event: Event| serde_json::to_value(event).expect("JSON");
    let text = |text: &str| text.to_owned();
    let call = Event::ToolCall {
        id: text("1"),
        name: text("a__b"),
        arguments: json!({}),
        origin: ToolOrigin {
            skill_id: Some(text("a")),
            skill_version: Some(text("1.0.0")),
        },
    };
    let result = Event::ToolResult {
        id: text("1"),
        name: text("a__b"),
        content: text("x"),
        is_error: false,
        origin: ToolOrigin::default(),
    };
    let cases: Vec<(Value, Value)> = vec![
        (
            event(Event::Text { content: text("x") }),
            json!({"type": "text", "content": "x"}),
        ),
        (
            event(call),
            json!({"type": "tool_call", "id": "1", "name": "a__b", "arguments": {}, "skillId": "a", "skillVersion": "1.0.0"}),
        ),
        (
            event(result),
            json!({"type": "tool_result", "id": "1", "name": "a__b", "content": "x", "isError": false, "skillId": null, "skillVersion": null}),
        ),
        (
            event(Event::Usage {
                input_tokens: 1,
                output_tokens: 2,
            }),
            json!({"type": "usage", "inputTokens": 1, "outputTokens": 2}),
        ),
        (
            event(Event::Done {
                run_id: text("r"),
                stop_reason: StopReason::EndTurn,
            }),
            json!({"type": "done", "runId": "r", "stopReason": "end_turn"}),
        ),
        (
            event(Event::Error {
                code: text("c"),
                message: text("m"),
            }),
            json!({"type": "error", "code": "c", "message": "m"}),
        ),
    ];
    for (given, documented) in cases {
        assert_eq!(given, documented);
    }
}

#[test]
fn a_turn_can_be_spawned() {
    fn sendable(_: impl Future<Output = skillgate_agent::RunOutcome> + Send + 'static) {}
    sendable(run(Bench::new(TWO_STEPS).turn()));
}
