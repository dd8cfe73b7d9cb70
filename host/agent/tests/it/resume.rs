//! A run that was interrupted.

use skillgate_agent::{Message, Part, Role, Step, run, transcript};

use crate::support::{Bench, TWO_STEPS, kinds};

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
