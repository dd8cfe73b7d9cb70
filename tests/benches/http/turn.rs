//! A whole turn over HTTP, and what it is made of.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skillgate_agent::tool_name;
use skillgate_store::{NewStep, Step};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills;

use crate::figure;
use crate::floor::BareCommits;

/// Turns before those that count.
const WARM_UP: usize = 20;
/// Turns that count, each in a session of its own.
const TURNS: usize = 300;
/// Single commits that are timed.
const COMMITS: usize = 300;

/// One turn, as its client saw it.
struct Turn {
    first_event: Duration,
    whole: Duration,
    run: String,
}

/// Measures turns, one after the other, and then the parts they are made of.
pub(crate) async fn measure() {
    let mut app = TestApp::with_script(script()).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    let key = skills::signing_key(1);
    client
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;
    for _ in 0..WARM_UP {
        turn(&client, &agent).await;
    }
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        turns.push(turn(&client, &agent).await);
    }
    let mut calls = Vec::new();
    let mut steps = Vec::new();
    for turn in &turns {
        steps = app.store.steps(&client.account, &turn.run).await.unwrap();
        calls.push(time_of_call(&steps));
    }
    let commits = time_commits(&app, &turns[TURNS - 1].run, &steps).await;
    report(&turns, &calls, steps.len(), commits);
    app.stop().await;
}

/// For ever: some text and a tool call; then, with its result, the answer.
fn script() -> Value {
    let call = json!({ "type": "tool_call", "name": tool_name("echo", "echo"), "arguments": { "text": "hello" } });
    json!({
        "turns": [
            { "parts": [{ "type": "text", "text": "Let me see." }, call] },
            { "parts": [{ "type": "text", "text": "It says hello." }] },
        ],
        "repeat": true,
    })
}

async fn turn(client: &Client, agent: &str) -> Turn {
    // A new session, so that no turn has a longer history than another.
    let sessions = format!("/v1/agents/{agent}/chat/sessions");
    client.post(&sessions, json!({})).await.data(201);
    let begun = Instant::now();
    let mut events = client.chat(agent, "Say hello.").await;
    events.next().await.unwrap();
    let first_event = begun.elapsed();
    let done = events.until("done").await;
    let whole = begun.elapsed();
    Turn {
        first_event,
        whole,
        run: done["runId"].as_str().unwrap().to_owned(),
    }
}

/// The time in the sandbox, of a run that made one tool call with a result.
fn time_of_call(steps: &[Step]) -> Duration {
    let receipts: Vec<&Value> = steps
        .iter()
        .filter(|step| step.kind == "tool_ended")
        .map(|step| &step.body["receipt"])
        .collect();
    assert!(
        receipts.len() == 1 && receipts[0]["outcome"] == "result",
        "{receipts:?}"
    );
    Duration::from_micros(receipts[0]["durationUs"].as_u64().unwrap())
}

/// The p50 of a commit of one of these steps: through the store, and as a bare insert.
async fn time_commits(app: &TestApp, run: &str, steps: &[Step]) -> [Duration; 2] {
    let floor = BareCommits::open().await;
    let mut times = [Vec::new(), Vec::new()];
    // Behind the run's own steps, which number fewer.
    for (seq, step) in (1_000..).zip(steps.iter().cycle()).take(COMMITS) {
        let new = NewStep {
            seq,
            kind: step.kind.clone(),
            body: step.body.clone(),
        };
        let begun = Instant::now();
        app.store.append_step(run, &new).await.unwrap();
        times[0].push(begun.elapsed());
        let begun = Instant::now();
        floor
            .commit(run, seq, &step.kind, &step.body.to_string())
            .await;
        times[1].push(begun.elapsed());
    }
    times.map(|times| figure::median(&times))
}

fn report(turns: &[Turn], calls: &[Duration], steps: usize, [commit, bare]: [Duration; 2]) {
    let wholes: Vec<Duration> = turns.iter().map(|turn| turn.whole).collect();
    let firsts: Vec<Duration> = turns.iter().map(|turn| turn.first_event).collect();
    let (whole, call) = (figure::median(&wholes), figure::median(calls));
    // One for the message and the run; the last step is committed with the answer.
    let commits = u32::try_from(steps).unwrap() + 1;
    println!(
        "a whole turn, p99: {}",
        figure::time(figure::quantile(&wholes, 0.99))
    );
    let p50 = |what: &str, time: Duration, floor: &str| {
        figure::print(what, &figure::time(time), floor, "-")
    };
    let floor = format!("{} ({commits} bare commits)", figure::time(bare * commits));
    p50(
        "a whole turn over HTTP with one tool call, journalled, p50",
        whole,
        &floor,
    );
    p50("… until its first event, p50", figure::median(&firsts), "-");
    p50("… of it the call in its sandbox, p50", call, "-");
    let what = format!("… of it each of {commits} commits, p50");
    p50(
        &what,
        commit,
        &format!("{} (bare insert)", figure::time(bare)),
    );
    let rest = whole.saturating_sub(commit * commits + call);
    p50("… of it all the rest: HTTP, reads, loop", rest, "-");
}
