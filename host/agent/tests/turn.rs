//! The loop from outside: a scripted model, tools that count, a journal that remembers.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_agent::{
    Budget, Event, Message, Part, Redactor, Role, Step, StopReason, run, transcript,
};
use support::Bench;

const TWO_STEPS: &str = r#"{"turns": [
    {"parts": [
        {"type": "text", "text": "Let me "}, {"type": "text", "text": "see."},
        {"type": "tool_call", "name": "math__slow", "arguments": {"n": 1}},
        {"type": "tool_call", "name": "math__fast", "arguments": {"n": 2}}
     ], "usage": {"inputTokens": 10, "outputTokens": 5, "cacheReadTokens": 3}},
    {"parts": [{"type": "tool_call", "name": "math__send"}], "usage": {"inputTokens": 20, "outputTokens": 1}},
    {"parts": [{"type": "text", "text": "All done."}], "usage": {"inputTokens": 30, "outputTokens": 2}}
]}"#;

fn kinds(steps: &[Step]) -> Vec<String> {
    let kinds = steps.iter().map(|step| {
        let step = serde_json::to_value(step).expect("a step is JSON");
        match step["name"].as_str() {
            Some(name) => format!("{} {name}", step["type"].as_str().expect("a type")),
            None => step["type"].as_str().expect("a type").to_owned(),
        }
    });
    kinds.collect()
}

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
async fn a_run_that_was_killed_anywhere_ends_the_same() {
    let whole = Bench::new(TWO_STEPS);
    let expected = run(whole.turn()).await;
    let steps = whole.journal.steps();
    for killed_after in 0..=steps.len() {
        let before = &steps[..killed_after];
        let bench = Bench::new(TWO_STEPS);
        let outcome = run(bench.resumed(before)).await;
        assert_eq!(
            outcome.text, expected.text,
            "killed after {killed_after} steps"
        );
        assert_eq!(outcome.stop_reason, expected.stop_reason);
        assert_eq!(outcome.usage, expected.usage);
        let journal = [before, &bench.journal.steps()].concat();
        assert!(matches!(journal.last(), Some(Step::Ended { .. })));
        let ends = journal
            .iter()
            .filter(|step| matches!(step, Step::Ended { .. }))
            .count();
        assert_eq!(ends, 1);
        let begun = kinds(before).contains(&"tool_begun math__send".to_owned());
        let sends = bench
            .tools
            .calls()
            .iter()
            .filter(|name| *name == "math__send")
            .count();
        assert_eq!(
            sends,
            usize::from(!begun),
            "killed after {killed_after} steps"
        );
    }
}

#[tokio::test]
async fn a_call_of_unknown_outcome_is_told_to_the_model_or_run_again() {
    let whole = Bench::new(TWO_STEPS);
    run(whole.turn()).await;
    let steps = whole.journal.steps();

    let begun = steps
        .iter()
        .position(|step| matches!(step, Step::ToolBegun { name, .. } if name == "math__send"));
    let bench = Bench::new(TWO_STEPS);
    run(bench.resumed(&steps[..=begun.expect("a step")])).await;
    let Some(Step::ToolEnded {
        content, is_error, ..
    }) = bench.journal.steps().into_iter().next()
    else {
        panic!("no end");
    };
    assert!(is_error && content.contains("unknown"), "{content}");

    // `slow` and `fast` are repeatable: both began, neither ended.
    let bench = Bench::new(TWO_STEPS);
    let ended = |step: &&Step| matches!(step, Step::ToolEnded { .. });
    let begun: Vec<Step> = steps
        .iter()
        .filter(|step| !ended(step))
        .take(4)
        .cloned()
        .collect();
    run(bench.resumed(&begun)).await;
    assert_eq!(
        bench.tools.calls(),
        ["math__fast", "math__slow", "math__send"]
    );
}

#[tokio::test]
async fn the_transcript_of_any_prefix_is_a_valid_history() {
    let whole = Bench::new(TWO_STEPS);
    run(whole.turn()).await;
    let steps = whole.journal.steps();
    for end in 0..=steps.len() {
        let messages = transcript(&steps[..end]);
        let calls: Vec<&str> = messages
            .iter()
            .flat_map(Message::tool_calls)
            .map(|call| call.0)
            .collect();
        let results: Vec<&str> = messages
            .iter()
            .flat_map(|message| &message.parts)
            .filter_map(|part| match part {
                Part::ToolResult { id, .. } => Some(id.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(calls, results);
        let alternating = messages
            .iter()
            .enumerate()
            .all(|(place, message)| (message.role == Role::Assistant) == (place % 2 == 0));
        assert!(alternating, "{messages:?}");
    }
    assert_eq!(transcript(&steps).len(), 5);
}

/// A model that calls a tool for ever.
const ENDLESS: &str = r#"{"repeat": true, "turns": [
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}},
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}},
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}},
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}}
]}"#;

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
async fn what_the_model_does_wrong_is_told_to_it() {
    let bench = Bench::new(
        r#"{"turns": [
        {"parts": [
            {"type": "tool_call", "name": "math__sine"},
            {"type": "tool_call", "name": "math__fast", "arguments": "{\"n\": "},
            {"type": "tool_call", "name": "math__broken"}
        ]},
        {"parts": [{"type": "text", "text": "Sorry."}]}
    ]}"#,
    );
    let outcome = run(bench.turn()).await;
    assert_eq!(
        (outcome.stop_reason, outcome.text.as_str()),
        (StopReason::EndTurn, "Sorry.")
    );
    assert_eq!(bench.tools.calls(), ["math__broken"]);
    let results: Vec<(String, bool)> = bench
        .take_events()
        .into_iter()
        .filter_map(|event| match event {
            Event::ToolResult {
                content, is_error, ..
            } => Some((content, is_error)),
            _ => None,
        })
        .collect();
    assert!(results.iter().all(|(_, is_error)| *is_error));
    let told = |what: &str| {
        assert!(
            results.iter().any(|(content, _)| content.contains(what)),
            "{what}: {results:?}"
        )
    };
    told("There is no tool \"math__sine\". The tools are: math__slow, math__fast");
    told("must be one JSON object");
    told("host failed");
    assert!(
        !results.iter().any(|(content, _)| content.contains("disk")),
        "the host's reason is for the log"
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
async fn a_failed_provider_ends_the_run_with_its_error() {
    let bench = Bench::new(
        r#"{"turns": [{"error": {"code": "provider_unauthorized", "message": "HTTP 401"}}]}"#,
    );
    let outcome = run(bench.turn()).await;
    assert_eq!(outcome.stop_reason, StopReason::Error);
    let failure = outcome.error.expect("a failure");
    assert_eq!(failure.code, "provider_unauthorized");
    assert!(failure.message.contains("Check the key"));
    assert!(
        matches!(bench.take_events().last(), Some(Event::Error { code, .. }) if *code == failure.code)
    );
    assert!(matches!(
        bench.journal.steps().last(),
        Some(Step::Ended { error: Some(_), .. })
    ));
}

#[tokio::test]
async fn nothing_is_done_that_can_not_be_recorded() {
    for writable in 0..4 {
        let bench = Bench::new(ENDLESS);
        bench.journal.fail_after(writable);
        let outcome = run(bench.turn()).await;
        assert_eq!(
            outcome.error.map(|error| error.code),
            Some("journal_failed".into())
        );
        assert_eq!(bench.provider.requests().len(), usize::from(writable > 0));
        let allowed = writable.saturating_sub(2);
        assert!(
            bench.tools.calls().len() <= allowed,
            "{writable}: {:?}",
            bench.tools.calls()
        );
    }
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

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_run() {
    let bench = Bench::new(TWO_STEPS);
    let mut turn = bench.turn();
    turn.events = tokio::sync::mpsc::unbounded_channel().0;
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
    };
    let result = Event::ToolResult {
        id: text("1"),
        name: text("a__b"),
        content: text("x"),
        is_error: false,
    };
    let cases: Vec<(Value, Value)> = vec![
        (
            event(Event::Text { content: text("x") }),
            json!({"type": "text", "content": "x"}),
        ),
        (
            event(call),
            json!({"type": "tool_call", "id": "1", "name": "a__b", "arguments": {}}),
        ),
        (
            event(result),
            json!({"type": "tool_result", "id": "1", "name": "a__b", "content": "x", "isError": false}),
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
    fn sendable(_: impl Future<Output = skillgate_agent::Outcome> + Send + 'static) {}
    sendable(run(Bench::new(TWO_STEPS).turn()));
}
