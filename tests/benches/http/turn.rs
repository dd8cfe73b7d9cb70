//! A whole turn over HTTP, and what it is made of.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skillgate_agent::tool_name;
use skillgate_store::Step;
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills;

use crate::figure;
use crate::parts::{self, Parts};

/// Turns before those that count.
const WARM_UP: usize = 20;
/// Turns that count, each in a session of its own.
const TURNS: usize = 300;

/// One turn, as its client saw it.
struct RunInput {
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
    let parts = parts::measure(&app.store, &client.account, &agent, &steps).await;
    report(&turns, figure::median(&calls), &parts);
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

async fn turn(client: &Client, agent: &str) -> RunInput {
    // A new session, so that no turn has a longer history than another.
    let sessions = format!("/v1/agents/{agent}/chat/sessions");
    client.post(&sessions, json!({})).await.data(201);
    let begun = Instant::now();
    let mut events = client.chat(agent, "Say hello.").await;
    events.next().await.unwrap();
    let first_event = begun.elapsed();
    let done = events.until("done").await;
    let whole = begun.elapsed();
    RunInput {
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

fn report(turns: &[RunInput], call: Duration, parts: &Parts) {
    let wholes: Vec<Duration> = turns.iter().map(|turn| turn.whole).collect();
    let firsts: Vec<Duration> = turns.iter().map(|turn| turn.first_event).collect();
    let whole = figure::median(&wholes);
    println!(
        "a whole turn, p99: {}",
        figure::time(figure::quantile(&wholes, 0.99))
    );
    let p50 = |what: &str, time: Duration, floor: &str| {
        figure::print(what, &figure::time(time), floor, "-")
    };
    let commits = parts.steps + 2;
    let floor = parts.bare_commit * commits;
    let floor = format!("{} ({commits} bare commits)", figure::time(floor));
    p50(
        "a whole turn over HTTP with one tool call, journalled, p50",
        whole,
        &floor,
    );
    p50("… until its first event, p50", figure::median(&firsts), "-");
    p50("… of it the call in its sandbox, p50", call, "-");
    p50("… of it reading what it needs, p50", parts.reads, "-");
    p50("… of it committing message and run, p50", parts.begin, "-");
    let bare = format!("{} (bare insert)", figure::time(parts.bare_commit));
    let what = format!("… of it committing each of {} steps, p50", parts.steps);
    p50(&what, parts.step, &bare);
    p50("… of it committing the answer, p50", parts.end, "-");
    let known = call + parts.reads + parts.begin + parts.step * parts.steps + parts.end;
    let rest = whole.saturating_sub(known);
    p50("… of it all the rest: HTTP, loop, log", rest, "-");
}
