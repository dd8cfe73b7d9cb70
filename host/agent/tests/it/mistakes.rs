//! What goes wrong: in the model, in the provider, in the host.

use serde_json::json;
use skillgate_agent::{Step, StopReason, ToolOutcome, run};

use crate::support::{Bench, ENDLESS, last_results};

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
    let ended = |step: Step| match step {
        Step::ToolEnded {
            content, outcome, ..
        } => Some((content, outcome)),
        _ => None,
    };
    let results = bench.journal.steps().into_iter().filter_map(ended);
    let results: Vec<(String, ToolOutcome)> = results.collect();
    assert!(results.iter().all(|(_, outcome)| outcome.is_error()));
    let failed = |(_, outcome): &&(String, ToolOutcome)| *outcome == ToolOutcome::HostFault;
    assert_eq!(results.iter().filter(failed).count(), 1);
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
async fn a_failed_provider_ends_the_run_with_its_error() {
    let bench = Bench::new(
        r#"{"turns": [{"error": {"code": "provider_unauthorized", "message": "HTTP 401"}}]}"#,
    );
    let outcome = run(bench.turn()).await;
    assert_eq!(outcome.stop_reason, StopReason::Error);
    let failure = outcome.error.expect("a failure");
    assert_eq!(failure.code, "provider_unauthorized");
    assert!(failure.message.contains("Check the key"));
    assert!(matches!(
        bench.journal.steps().last(),
        Some(Step::Ended { error: Some(told), .. }) if *told == failure
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
async fn arguments_that_nest_too_deep_are_told_and_kept_nowhere() {
    for (depth, runs) in [(32, 1), (33, 0), (120, 0)] {
        let nested = (0..depth).fold(json!(1), |inner, _| json!({"a": inner}));
        let call = json!({"type": "tool_call", "name": "math__fast", "arguments": nested});
        let turns = json!({"turns": [{"parts": [call]}, {"parts": []}]});
        let bench = Bench::new(&turns.to_string());
        run(bench.turn()).await;
        assert_eq!(bench.tools.calls().len(), runs, "{depth}");
        let (content, is_error) = last_results(&bench).pop().expect("a result");
        assert_eq!(is_error, runs == 0);
        assert!(
            runs > 0 || content.contains("nested at most 32 deep"),
            "{content}"
        );
        let journal = serde_json::to_string(&bench.journal.steps()).expect("JSON");
        assert!(serde_json::from_str::<Vec<Step>>(&journal).is_ok());
    }
}
