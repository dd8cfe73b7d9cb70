//! Calls that wait for a person.

use skillgate_agent::{Step, ToolAnswer, ToolOutcome, run};

use crate::support::{Bench, TWO_STEPS, kinds, last_results};

fn waiting(step: &Step) -> bool {
    matches!(step, Step::ToolWaiting { task_id, .. } if task_id == "task of 1/0")
}

#[tokio::test]
async fn a_call_that_waits_begins_when_it_is_approved() {
    let bench = Bench::new(TWO_STEPS);
    bench.tools.ask_about_send(Ok(()));
    run(bench.turn()).await;
    let steps = bench.journal.steps();
    let at = steps.iter().position(waiting).expect("it waited");
    assert_eq!(
        kinds(&steps[at..=at + 2]),
        [
            "tool_waiting math__send",
            "tool_begun math__send",
            "tool_ended math__send"
        ]
    );
    assert_eq!(bench.tools.calls().last().unwrap(), "math__send");
}

#[tokio::test]
async fn a_call_that_is_denied_never_begins_and_the_model_is_told() {
    let bench = Bench::new(TWO_STEPS);
    let denied = ToolAnswer::new(ToolOutcome::Denied, "denied");
    bench.tools.ask_about_send(Err(denied));
    run(bench.turn()).await;
    let outcomes = bench.journal.steps().into_iter();
    let mut outcomes = outcomes.filter_map(|step| match step {
        Step::ToolEnded { name, outcome, .. } if name == "math__send" => Some(outcome),
        _ => None,
    });
    assert_eq!(outcomes.next(), Some(ToolOutcome::Denied));
    let begun = "tool_begun math__send".to_owned();
    assert!(!kinds(&bench.journal.steps()).contains(&begun));
    assert!(!bench.tools.calls().contains(&"math__send".to_owned()));
    assert_eq!(last_results(&bench), [("denied".to_owned(), true)]);
}

#[tokio::test]
async fn a_call_that_was_waiting_when_the_host_ended_is_asked_about_again() {
    let whole = Bench::new(TWO_STEPS);
    whole.tools.ask_about_send(Ok(()));
    run(whole.turn()).await;
    let steps = whole.journal.steps();
    let at = steps.iter().position(waiting).expect("it waited");
    let bench = Bench::new(TWO_STEPS);
    bench.tools.ask_about_send(Ok(()));
    run(bench.resumed(&steps[..=at])).await;
    let resumed = bench.journal.steps();
    assert!(waiting(&resumed[0]), "{resumed:?}");
    assert_eq!(bench.tools.calls(), ["math__send"]);
}
