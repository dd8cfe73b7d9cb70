//! What goes wrong: in the model, in the provider, in the host.

use skillgate_agent::{Event, Step, StopReason, run};

use crate::support::{Bench, ENDLESS};

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
