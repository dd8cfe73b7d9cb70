//! Runs, messages and streams at once: one account's fill its own places, not everybody's.

use std::time::Duration;

use serde_json::{Value, json};
use skillgate_runtime::PlaceLimits;
use skillgate_service::config::{ServiceLimits, WorkPlaces};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::sse::Events;

pub(crate) fn one_each() -> PlaceLimits {
    PlaceLimits {
        per_account: 1,
        in_all: 2,
        queue: Duration::ZERO,
    }
}

/// A server whose model says a word and is silent from then on.
async fn silent(places: WorkPlaces) -> TestApp {
    let turn = json!({ "parts": [{ "type": "text", "text": "well" }, { "type": "wait", "milliseconds": 120_000 }] });
    TestApp::start(Setup {
        script: json!({ "turns": [turn], "repeat": true }),
        limits: ServiceLimits {
            places,
            ..ServiceLimits::default()
        },
        ..Setup::default()
    })
    .await
}

fn from(peer: &str) -> Value {
    json!({ "message": "hello", "peerId": peer })
}

/// An agent that is answering the peer `first`.
async fn busy(client: &Client) -> (String, Events) {
    let agent = client.agent().await;
    let mut events = Events::of(client.say(&agent, from("first")).await);
    events.until("text").await;
    (agent, events)
}

async fn refusal(client: &Client, agent: &str) -> String {
    let path = format!("/v1/agents/{agent}/chat/messages");
    let answer = client.post(&path, from("second")).await;
    answer.error(503, "unavailable")
}

#[tokio::test]
async fn runs() {
    let app = silent(WorkPlaces {
        runs: one_each(),
        ..WorkPlaces::default()
    })
    .await;
    let (admin, stranger) = (app.admin().await, app.stranger(&["admin"]).await);
    let (agent, events) = busy(&admin).await;
    let message = refusal(&admin, &agent).await;
    assert!(message.contains("Too many runs"), "{message}");
    let (_other, _others_events) = busy(&stranger).await;
    let third = app.stranger(&["admin"]).await;
    refusal(&third, &third.agent().await).await;

    // Whoever hangs up ends nothing; a run that ends gives its place up.
    drop(events);
    refusal(&admin, &agent).await;
    let path = format!("/v1/agents/{agent}/logs/stream?tail=0");
    let log = admin.request(reqwest::Method::GET, &path).send().await;
    let mut log = Events::of(log.unwrap());
    admin
        .post(&format!("/v1/agents/{agent}/stop"), json!({}))
        .await
        .data(200);
    while !log.next().await.unwrap().data.contains(" ended: ") {}
    drop(log);
    busy_when_free(&third).await;
}

/// The place is given up right after the log's last line: it may be tried for once more.
async fn busy_when_free(client: &Client) {
    let agent = client.agent().await;
    loop {
        let response = client.say(&agent, from("first")).await;
        if response.status() == 200 {
            return;
        }
        assert_eq!(response.status(), 503);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn messages() {
    let app = silent(WorkPlaces {
        chats: one_each(),
        ..WorkPlaces::default()
    })
    .await;
    let (admin, stranger) = (app.admin().await, app.stranger(&["admin"]).await);
    let (agent, _events) = busy(&admin).await;
    let message = refusal(&admin, &agent).await;
    assert!(message.contains("wait for an answer"), "{message}");
    busy(&stranger).await;
}

#[tokio::test]
async fn streams() {
    let app = silent(WorkPlaces {
        streams: one_each(),
        ..WorkPlaces::default()
    })
    .await;
    let (admin, stranger) = (app.admin().await, app.stranger(&["admin"]).await);
    let follow = async |client: &Client| {
        let path = format!("/v1/agents/{}/logs/stream", client.agent().await);
        client
            .request(reqwest::Method::GET, &path)
            .send()
            .await
            .unwrap()
    };
    let held = follow(&admin).await;
    assert_eq!(held.status(), 200);
    assert_eq!(follow(&admin).await.status(), 503);
    assert_eq!(follow(&stranger).await.status(), 200);
    drop(held);
}
