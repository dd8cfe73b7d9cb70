//! A run that was interrupted.

use serde_json::json;
use skillgate_agent::{
    CallPlace, Message, Part, Role, Step, StopReason, ToolOrigin, ToolOutcome, Usage, run,
    transcript,
};

use crate::support::{Bench, TWO_STEPS, kinds, last_results};

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
        content, outcome, ..
    }) = bench.journal.steps().into_iter().next()
    else {
        panic!("no end");
    };
    assert!(content.contains("unknown"), "{content}");
    assert_eq!(outcome, ToolOutcome::Unknown);

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

/// A run whose one call, which may be repeated, has begun so often and never ended.
fn begun(times: u32) -> Vec<Step> {
    let answer = Step::ModelAnswer {
        message: Message {
            role: Role::Assistant,
            parts: vec![call("a", "math__fast")],
        },
        usage: Usage::default(),
        stop_reason: StopReason::ToolUse,
        text_before: 0,
        shown: None,
    };
    let begun = (1..=times).map(|attempt| began(0, "a", "math__fast", true, attempt));
    [request(), answer].into_iter().chain(begun).collect()
}

fn request() -> Step {
    Step::ModelRequest {
        provider: "scripted".into(),
        model: "scripted".into(),
        messages: 1,
        tools: 1,
        digest: String::new(),
    }
}

fn call(id: &str, name: &str) -> Part {
    Part::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments: json!({}),
    }
}

fn began(call: u32, id: &str, name: &str, repeatable: bool, attempt: u32) -> Step {
    Step::ToolBegun {
        place: CallPlace { answer: 0, call },
        attempt,
        id: id.into(),
        name: name.into(),
        arguments: json!({}),
        repeatable,
        origin: ToolOrigin::default(),
    }
}

const GO_ON: &str = r#"{"turns": [{"parts": [{"type": "text", "text": "Went on."}]}]}"#;

#[tokio::test]
async fn a_repetition_is_journalled_first_and_there_is_only_one() {
    let bench = Bench::new(GO_ON);
    let outcome = run(bench.resumed(&begun(1))).await;
    assert_eq!(outcome.text, "Went on.");
    assert_eq!(bench.tools.calls(), ["math__fast"]);
    assert_eq!(
        bench.journal.steps()[0],
        began(0, "a", "math__fast", true, 2)
    );

    // What ended the host twice is not tried a third time: no crash can go on for ever.
    let bench = Bench::new(GO_ON);
    let outcome = run(bench.resumed(&begun(2))).await;
    assert_eq!(outcome.text, "Went on.");
    assert!(bench.tools.calls().is_empty());
    let steps = bench.journal.steps();
    assert!(
        matches!(&steps[0], Step::ToolEnded { content, outcome: ToolOutcome::Unknown, .. } if content.contains("unknown")),
        "{steps:?}"
    );
}

#[tokio::test]
async fn equal_ids_in_a_journal_do_not_meet() {
    // `send` must not run twice, `fast` may; whichever of the two comes first.
    for names in [["math__send", "math__fast"], ["math__fast", "math__send"]] {
        let parts = names.iter().map(|name| call("same", name)).collect();
        let role = Role::Assistant;
        let answer = Step::ModelAnswer {
            message: Message { role, parts },
            usage: Usage::default(),
            stop_reason: StopReason::ToolUse,
            text_before: 0,
            shown: None,
        };
        let mut steps = vec![request(), answer];
        for (place, name) in (0..).zip(names) {
            steps.push(began(place, "same", name, name == "math__fast", 1));
        }
        let bench = Bench::new(GO_ON);
        run(bench.resumed(&steps)).await;
        assert_eq!(bench.tools.calls(), ["math__fast"]);
        let results = last_results(&bench);
        for ((content, is_error), name) in results.iter().zip(names) {
            assert_eq!(*is_error, name == "math__send", "{content}");
        }
    }
}

#[tokio::test]
async fn a_step_of_another_call_says_that_nothing_is_known() {
    let mut steps = begun(0);
    steps.push(began(0, "a", "math__slow", true, 1));
    let bench = Bench::new(GO_ON);
    run(bench.resumed(&steps)).await;
    assert!(bench.tools.calls().is_empty());
    let (content, is_error) = last_results(&bench).pop().expect("a result");
    assert!(is_error && content.contains("unknown"), "{content}");
}
