//! Runs and histories that are longer than one answer.

use serde_json::{Value, json};
use skillgate_service::config::{PageLimits, ServiceLimits};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::skills::{signed, signing_key};

/// Says something, and lets the agent call a tool three times; the run's id.
async fn talk(admin: &Client, agent: &str) -> String {
    let events = admin.chat(agent, &"word ".repeat(100)).await.all().await;
    let id = events.last().unwrap().id.clone().unwrap();
    id.split(':').next().unwrap().to_owned()
}

async fn app(pages: PageLimits) -> (TestApp, Client, String) {
    let call = |text: &str| json!({ "type": "tool_call", "name": "echo__echo", "arguments": { "text": text } });
    let script = json!({ "turns": [
        { "parts": [call("one"), call("two"), call("three")] },
        { "parts": [{ "type": "text", "text": "done" }] },
    ], "repeat": true });
    let app = TestApp::start(Setup {
        script,
        limits: ServiceLimits {
            pages,
            ..ServiceLimits::default()
        },
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin.equip(&agent, &signed("echo", &key).await, &key).await;
    (app, admin, agent)
}

/// All things of an answer in pages: each begins behind the last one's `seq`.
async fn in_pages(
    admin: &Client,
    path: &str,
    list: impl Fn(Value) -> (Vec<Value>, bool),
) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut pages = 0;
    loop {
        let after = all.last().map_or(-1, |last| last["seq"].as_i64().unwrap());
        let answer = admin.get(&format!("{path}?after={after}")).await;
        let (things, truncated) = list(answer.body);
        assert!(!things.is_empty() || !truncated, "a page gets on");
        all.extend(things);
        pages += 1;
        if !truncated {
            break;
        }
    }
    assert!(pages > 1, "it has more than one page");
    all
}

#[tokio::test]
async fn a_long_run_is_answered_in_pages() {
    let limits = PageLimits {
        steps: 1_300,
        ..PageLimits::default()
    };
    let (_app, admin, agent) = app(limits).await;
    let run = talk(&admin, &agent).await;
    let first = admin.get(&format!("/v1/runs/{run}")).await.data(200);
    assert_eq!(first["truncated"], true);
    let steps = |body: Value| {
        let data = &body["data"];
        let steps = data["steps"].as_array().unwrap().clone();
        (steps, data["truncated"].as_bool().unwrap())
    };
    let all = in_pages(&admin, &format!("/v1/runs/{run}"), steps).await;
    let places: Vec<i64> = all
        .iter()
        .map(|step| step["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(places, (0..places.len() as i64).collect::<Vec<_>>());
    assert_eq!(all.last().unwrap()["type"], "ended");
    let receipts = |body: Value| {
        let receipts = body["data"].as_array().unwrap().clone();
        (receipts, body["truncated"].as_bool().unwrap())
    };
    let path = format!("/v1/runs/{run}/receipts");
    assert_eq!(in_pages(&admin, &path, receipts).await.len(), 3);
}

#[tokio::test]
async fn an_ordinary_run_is_whole() {
    let (_app, admin, agent) = app(PageLimits::default()).await;
    let run = talk(&admin, &agent).await;
    let whole = admin.get(&format!("/v1/runs/{run}")).await.data(200);
    assert_eq!(whole["truncated"], false);
    let receipts = admin.get(&format!("/v1/runs/{run}/receipts")).await.body;
    assert_eq!(receipts["truncated"], false);
    assert_eq!(receipts["pagination"]["total"], 3);
}

#[tokio::test]
async fn a_history_is_the_latest_that_fits() {
    let limits = PageLimits {
        messages: 1_010,
        ..PageLimits::default()
    };
    let (_app, admin, agent) = app(limits).await;
    for _ in 0..3 {
        talk(&admin, &agent).await;
    }
    let history = admin
        .get(&format!("/v1/agents/{agent}/chat/messages"))
        .await;
    assert_eq!(history.body["pagination"]["total"], 6);
    let said = history.data(200);
    let roles: Vec<&str> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant"]);
}
