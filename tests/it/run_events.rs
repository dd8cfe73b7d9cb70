//! The events of a run: the same on every connection and after a restart, resumed exactly, taken back when they were lost.

use serde_json::{Value, json};
use skillgate_agent::{Message, Step, StopReason, Usage};
use skillgate_service::config::{ServiceLimits, WorkPlaces};
use skillgate_store::{NewMessage, NewRun, NewStep};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::postgres;
use skillgate_tests::skills;
use skillgate_tests::sse::{Event, Events};

use crate::limits::places::one_each;

fn text(text: &str) -> Value {
    json!({ "parts": [{ "type": "text", "text": text }] })
}

/// An answer that begins to speak and then falls silent for a minute.
fn half(text: &str) -> Value {
    json!({ "parts": [{ "type": "text", "text": text }, { "type": "wait", "milliseconds": 60_000 }] })
}

/// Text in pieces and a tool call; then text.
fn two_answers() -> Value {
    let parts = json!([
        { "type": "text", "text": "Let me " },
        { "type": "text", "text": "count – größer." },
        { "type": "tool_call", "name": "echo__count_slow", "arguments": { "ms": 1 } },
    ]);
    json!({ "turns": [{ "parts": parts }, text("Done.")] })
}

async fn listen(client: &Client, run: &str, after: Option<&str>) -> Events {
    let path = format!("/v1/runs/{run}/events");
    let mut request = client.request(reqwest::Method::GET, &path);
    if let Some(id) = after {
        request = request.header("last-event-id", id);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    Events::of(response)
}

fn kinds(events: &[Event]) -> Vec<String> {
    let kind = |event: &Event| event.json()["type"].as_str().unwrap().to_owned();
    events.iter().map(kind).collect()
}

/// The events as a client has them that joins texts which follow each other: pieces may be of any size.
fn joined(events: &[Event]) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = Vec::new();
    for event in events {
        let (id, mut data) = (event.id.clone().unwrap(), event.json());
        let step = |id: &str| id.split('.').next().unwrap().to_owned();
        if data["type"] == "text"
            && let Some((last_id, last)) = all.last_mut()
            && last["type"] == "text"
            && step(last_id) == step(&id)
            && id.ends_with(".0")
        {
            let whole = format!(
                "{}{}",
                last["content"].as_str().unwrap(),
                data["content"].as_str().unwrap()
            );
            data["content"] = whole.into();
            (*last_id, *last) = (id, data);
        } else {
            all.push((id, data));
        }
    }
    all
}

async fn equipped(app: &TestApp) -> (Client, String) {
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    let echo = skills::signed("echo", &key).await;
    admin.equip(&agent, &echo, &key).await;
    (admin, agent)
}

fn run_of(event: &Event) -> String {
    let id = event.id.as_deref().unwrap();
    id.split(':').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_listener_has_the_same_events_with_the_same_ids() {
    let app = TestApp::with_script(two_answers()).await;
    let (admin, agent) = equipped(&app).await;
    let mut chat = admin.chat(&agent, "count").await;
    let first = chat.next().await.unwrap();
    let run = run_of(&first);
    let (second, third) = (
        listen(&admin, &run, None).await,
        listen(&admin, &run, None).await,
    );
    let (rest, second, third) = tokio::join!(chat.all(), second.all(), third.all());
    let first: Vec<Event> = [first].into_iter().chain(rest).collect();
    let last = listen(&admin, &run, None).await.all().await;
    assert_eq!(
        kinds(&last),
        ["text", "tool_call", "tool_result", "text", "usage", "done"]
    );
    assert_eq!(last[0].json()["content"], "Let me count – größer.");
    assert_eq!(last[3].json()["content"], "\n\nDone.");
    assert_eq!(last[2].json()["outcome"], "result");
    for events in [first, second, third] {
        assert_eq!(joined(&events), joined(&last));
    }
}

/// Listens behind each event and checks that exactly the rest comes.
async fn resumes_exactly(client: &Client, run: &str, seen: &[Event]) {
    let whole = listen(client, run, None).await.all().await;
    assert_eq!(joined(&whole), joined(seen));
    for (place, event) in seen.iter().enumerate() {
        let rest = listen(client, run, event.id.as_deref()).await.all().await;
        assert_eq!(joined(&rest), joined(&seen[place + 1..]), "{event:?}");
    }
}

async fn a_run_is_resumed_from_each_of_its_events(database: String) {
    let setup = || Setup {
        script: two_answers(),
        database: Some(database.clone()),
        ..Setup::default()
    };
    let mut app = TestApp::start(setup()).await;
    let (admin, agent) = equipped(&app).await;
    let seen = admin.chat(&agent, "count").await.all().await;
    let run = run_of(&seen[0]);
    resumes_exactly(&admin, &run, &seen).await;
    // In the middle of a text, which may be where a connection ended.
    let text = seen[0].id.clone().unwrap();
    let middle = format!("{}.3.0", text.split('.').next().unwrap());
    let rest = listen(&admin, &run, Some(&middle)).await.all().await;
    assert_eq!(rest[0].json()["content"], " me count – größer.");

    app.stop().await;
    let app = TestApp::start(setup()).await;
    resumes_exactly(&admin.at(&app.url), &run, &seen).await;
}

#[tokio::test]
async fn a_run_is_resumed_from_each_of_its_events_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("a.db").display());
    a_run_is_resumed_from_each_of_its_events(database).await;
}

#[tokio::test]
async fn a_run_is_resumed_from_each_of_its_events_on_postgres() {
    a_run_is_resumed_from_each_of_its_events(postgres::database().await).await;
}

#[tokio::test]
async fn a_listener_joins_in_the_middle_of_an_answer() {
    let app = TestApp::with_script(json!({ "turns": [half("Well")] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let mut chat = admin.chat(&agent, "hello").await;
    let first = chat.next().await.unwrap();
    let run = run_of(&first);
    let mut other = listen(&admin, &run, None).await;
    assert_eq!(other.next().await.unwrap(), first);
    let mut resumed = listen(&admin, &run, first.id.as_deref()).await;
    let ended = format!("/v1/runs/{run}/cancel");
    admin.post(&ended, json!({})).await.data(200);
    assert_eq!(resumed.next().await.unwrap().json()["type"], "usage");
    assert_eq!(other.until("done").await["stopReason"], "cancelled");
    assert_eq!(chat.until("done").await["stopReason"], "cancelled");
}

#[tokio::test]
async fn an_id_that_is_none_of_this_run_is_refused() {
    let app = TestApp::with_script(json!({ "turns": [text("a"), text("b")] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let one = run_of(&admin.chat(&agent, "one").await.all().await[0]);
    let other = admin.chat(&agent, "two").await.all().await;
    let path = format!("/v1/runs/{one}/events");
    for wrong in [
        "5",
        "run_1",
        other[0].id.as_deref().unwrap(),
        &format!("{one}:1.-1.0"),
        "größer",
    ] {
        let request = admin.request(reqwest::Method::GET, &path);
        let request = request.header("last-event-id", wrong.as_bytes());
        let said = admin.send(request).await.error(400, "validation_error");
        assert!(said.starts_with("Last-Event-ID"), "{said}");
    }
    // Behind the end there is nothing.
    let end = other.last().unwrap().id.clone().unwrap();
    let rest = listen(&admin, &run_of(&other[0]), Some(&end)).await;
    assert!(rest.all().await.is_empty());
}

/// A server that finds a run whose journal has these steps, and is asked for the events behind `behind`.
async fn events_behind(steps: &[Value], behind: &str) -> (String, Vec<Event>) {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("a.db").display());
    let setup = || Setup {
        script: json!({ "turns": [text("Again.")] }),
        database: Some(database.clone()),
        ..Setup::default()
    };
    let mut before = TestApp::start(setup()).await;
    let admin = before.admin().await;
    let agent = admin.agent().await;
    let sessions = format!("/v1/agents/{agent}/chat/sessions");
    let session = admin.post(&sessions, json!({})).await.data(201);
    let new = NewRun {
        agent_id: agent.clone(),
        session_id: session["id"].as_str().unwrap().to_owned(),
        request: json!({}),
        message: NewMessage::text("do it"),
    };
    let run = before.store.create_run(&admin.account, new).await.unwrap();
    let run = run.unwrap().id;
    for (seq, body) in (0..).zip(steps) {
        let kind = body["type"].as_str().unwrap().to_owned();
        let body = body.clone();
        let step = NewStep { seq, kind, body };
        before.store.append_step(&run, &step).await.unwrap();
    }
    before.stop().await;
    let after = TestApp::start(setup()).await;
    let admin = admin.at(&after.url);
    let events = listen(&admin, &run, Some(&format!("{run}:{behind}"))).await;
    (run, events.all().await)
}

fn request() -> Value {
    json!({ "type": "model_request", "provider": "scripted", "model": "m", "messages": 1, "tools": 0, "digest": "" })
}

fn answer(said: &str) -> Value {
    let answer = Step::ModelAnswer {
        message: Message::assistant(said),
        usage: Usage::default(),
        stop_reason: StopReason::PauseTurn,
        text_before: 0,
        shown: None,
    };
    serde_json::to_value(answer).unwrap()
}

#[tokio::test]
async fn text_that_a_crash_lost_is_taken_back_before_other_text() {
    let (run, events) = events_behind(&[request()], "1.5.0").await;
    assert_eq!(kinds(&events), ["reset", "text", "usage", "done"]);
    assert_eq!(
        events[0].json(),
        json!({ "type": "reset", "toEvent": null })
    );
    assert_eq!(events[1].json()["content"], "Again.");
    assert_eq!(events[1].id, Some(format!("{run}:2.6.0")));
}

#[tokio::test]
async fn what_was_committed_before_the_lost_text_holds() {
    let (run, events) = events_behind(&[request(), answer("One."), request()], "3.7.0").await;
    assert_eq!(kinds(&events), ["reset", "text", "usage", "done"]);
    let last = format!("{run}:1.4.0");
    assert_eq!(
        events[0].json(),
        json!({ "type": "reset", "toEvent": last })
    );
    assert_eq!(events[1].json()["content"], "\n\nAgain.");
}

#[tokio::test]
async fn who_had_nothing_of_the_lost_text_is_told_nothing_of_it() {
    let (_, events) = events_behind(&[request(), answer("One."), request()], "1.4.0").await;
    assert_eq!(kinds(&events), ["text", "usage", "done"]);
}

#[tokio::test]
async fn a_listener_that_does_not_read_holds_nothing_up_and_misses_nothing() {
    let piece = "0123456789abcdef".repeat(4 << 10);
    let parts: Vec<Value> = (0..14)
        .map(|_| json!({ "type": "text", "text": piece }))
        .collect();
    let long = json!({ "parts": parts, "stopReason": "pause_turn" });
    let turns: Vec<Value> = (0..6).map(|_| long.clone()).chain([text("End.")]).collect();
    let app = TestApp::with_script(json!({ "turns": turns })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let mut chat = admin.chat(&agent, "tell me").await;
    let first = chat.next().await.unwrap();
    let run = run_of(&first);
    let slow = listen(&admin, &run, None).await;
    let whole = loop {
        let whole = admin
            .get(&format!("/v1/agents/{agent}/runs"))
            .await
            .data(200);
        if whole[0]["status"] != "running" {
            break whole[0].clone();
        }
    };
    assert_eq!(whole["stopReason"], "end_turn", "nobody was waited for");
    let replayed = listen(&admin, &run, None).await.all().await;
    for seen in [
        slow.all().await,
        [first].into_iter().chain(chat.all().await).collect(),
    ] {
        assert!(joined(&seen) == joined(&replayed));
    }
}

#[tokio::test]
async fn listeners_of_an_account_are_bounded_and_give_their_place_up() {
    let limits = ServiceLimits {
        places: WorkPlaces {
            run_listeners: one_each(),
            ..WorkPlaces::default()
        },
        ..ServiceLimits::default()
    };
    let app = TestApp::start(Setup {
        script: json!({ "turns": [half("Well")] }),
        limits,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let mut chat = admin.chat(&agent, "hello").await;
    let run = run_of(&chat.next().await.unwrap());
    let held = listen(&admin, &run, None).await;
    let path = format!("/v1/runs/{run}/events");
    let said = admin.get(&path).await.error(503, "unavailable");
    assert!(said.contains("listens to too many runs"), "{said}");
    drop(held);
    // The server learns of it with its next look at the connection.
    while admin
        .request(reqwest::Method::GET, &path)
        .send()
        .await
        .unwrap()
        .status()
        != 200
    {}
}
