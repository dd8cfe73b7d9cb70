//! Runs that are listed, wait for their turn, and are ended from outside.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::sse::Events;

/// An answer that begins to speak and then falls silent for a minute.
fn half(text: &str) -> Value {
    json!({ "parts": [{ "type": "text", "text": text }, { "type": "wait", "milliseconds": 60_000 }] })
}

fn text(text: &str) -> Value {
    json!({ "parts": [{ "type": "text", "text": text }] })
}

async fn app(turns: Value) -> (TestApp, Client, String) {
    let app = TestApp::with_script(json!({ "turns": turns })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    (app, admin, agent)
}

/// The run whose first text has just come.
async fn begun(events: &mut Events) -> String {
    let id = events.next().await.unwrap().id.unwrap();
    id.split(':').next().unwrap().to_owned()
}

async fn runs(client: &Client, agent: &str, query: &str) -> Value {
    let path = format!("/v1/agents/{agent}/runs{query}");
    let answer = client.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn history(client: &Client, agent: &str) -> Vec<String> {
    let path = format!("/v1/agents/{agent}/chat/messages");
    let said = client.get(&path).await.data(200);
    let content = |one: &Value| one["content"].as_str().unwrap().to_owned();
    said.as_array().unwrap().iter().map(content).collect()
}

#[tokio::test]
async fn a_run_that_is_cancelled_in_mid_answer_keeps_what_it_said() {
    let (_app, admin, agent) = app(json!([half("Once upon"), text("better")])).await;
    let mut events = admin.chat(&agent, "a story").await;
    let run = begun(&mut events).await;
    let path = format!("/v1/runs/{run}/cancel");
    let cancelled = admin.post(&path, json!({})).await.data(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["stopReason"]),
        (&json!("cancelled"), &json!("cancelled"))
    );
    assert_eq!(cancelled["steps"].as_array().unwrap().len(), 2);
    assert_eq!(events.until("done").await["stopReason"], "cancelled");
    assert_eq!(history(&admin, &agent).await, ["a story", "Once upon"]);

    let again = admin
        .send(admin.request(reqwest::Method::POST, &path))
        .await;
    assert_eq!(again.data(200), cancelled, "it is left as it is");
    let next = admin.chat(&agent, "go on").await.until("text").await;
    assert_eq!(next["content"], "better");
}

#[tokio::test]
async fn a_message_that_waits_is_acknowledged_at_once_and_can_be_cancelled() {
    let (app, admin, agent) = app(json!([half("Once upon"), text("third")])).await;
    let mut first = admin.chat(&agent, "first").await;
    let running = begun(&mut first).await;
    let second = admin.chat(&agent, "second").await;
    let third = admin.chat(&agent, "third").await;
    assert_eq!(
        history(&admin, &agent).await,
        ["first", "second", "third"],
        "each is committed before its 200"
    );
    let listed = runs(&admin, &agent, "").await["data"].clone();
    let waiting = listed[1]["id"].as_str().unwrap();
    let path = format!("/v1/runs/{waiting}/cancel");
    let cancelled = admin.post(&path, json!({})).await.data(200);
    assert_eq!(cancelled["status"], "cancelled");
    let events = second.all().await;
    let last = events.last().unwrap().json();
    assert_eq!(
        (events.len(), &last["stopReason"]),
        (2, &json!("cancelled"))
    );

    let path = format!("/v1/runs/{running}/cancel");
    admin.post(&path, json!({})).await.data(200);
    let mut third = third;
    assert_eq!(third.until("text").await["content"], "third");
    assert_eq!(third.until("done").await["stopReason"], "end_turn");
    let asked = app.script.requests();
    let told: Vec<String> = asked[1].messages.iter().map(|one| one.text()).collect();
    assert_eq!(told, ["first", "Once upon", "second", "third"]);
}

#[tokio::test]
async fn what_waits_is_told_only_what_was_said_before_it() {
    let wait = json!({ "parts": [{ "type": "wait", "milliseconds": 50 }, { "type": "text", "text": "ok" }] });
    let app = TestApp::with_script(json!({ "turns": [wait], "repeat": true })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let mut streams = Vec::new();
    for message in ["1", "2", "3"] {
        streams.push(admin.chat(&agent, message).await);
    }
    for stream in streams {
        let last = stream.all().await.pop().unwrap().json();
        assert_eq!(last["stopReason"], "end_turn");
    }
    let told: Vec<Vec<String>> = app
        .script
        .requests()
        .iter()
        .map(|asked| asked.messages.iter().map(|one| one.text()).collect())
        .collect();
    assert_eq!(told[0], ["1"]);
    assert_eq!(told[1], ["1", "ok", "2"]);
    assert_eq!(told[2], ["1", "ok", "2", "ok", "3"]);
}

#[tokio::test]
async fn runs_are_listed_newest_first() {
    let (_app, admin, agent) =
        app(json!([text("a"), text("b"), { "error": { "code": "provider_unauthorized" } }])).await;
    for message in ["1", "2", "3"] {
        admin.chat(&agent, message).await.all().await;
    }
    let all = runs(&admin, &agent, "").await;
    assert_eq!(
        all["pagination"],
        json!({ "total": 3, "limit": 50, "offset": 0 })
    );
    let all = all["data"].as_array().unwrap();
    assert_eq!(all[0]["error"]["code"], "provider_unauthorized");
    assert_eq!(
        (&all[2]["status"], &all[2]["error"]),
        (&json!("completed"), &Value::Null)
    );
    assert!(all[0]["createdAt"].as_str() >= all[1]["createdAt"].as_str());

    let newest = all[0]["id"].as_str().unwrap();
    let rest = runs(&admin, &agent, &format!("?limit=1&before={newest}")).await;
    assert_eq!(rest["data"], json!([all[1]]));
    assert_eq!(
        rest["pagination"],
        json!({ "total": 3, "limit": 1, "offset": 1 })
    );
    let oldest = all[2]["id"].as_str().unwrap();
    let rest = runs(&admin, &agent, &format!("?before={oldest}")).await;
    assert_eq!(rest["data"], json!([]));

    let path = format!("/v1/agents/{agent}/runs");
    for wrong in ["0", "201", "x"] {
        let wrong = format!("{path}?limit={wrong}");
        admin.get(&wrong).await.error(400, "validation_error");
    }
    let other = admin.agent().await;
    let elsewhere = format!("/v1/agents/{other}/runs?before={newest}");
    admin.get(&elsewhere).await.error(404, "run_not_found");
    let unknown = format!("{path}?before=run_none");
    admin.get(&unknown).await.error(404, "run_not_found");
}

#[tokio::test]
async fn the_outcome_of_each_call_is_in_the_steps() {
    let call = json!({ "parts": [{ "type": "tool_call", "name": "none__such" }] });
    let (_app, admin, agent) = app(json!([call, text("no luck")])).await;
    let result = admin.chat(&agent, "go").await.until("tool_result").await;
    assert_eq!(
        (&result["outcome"], &result["isError"]),
        (&json!("error"), &json!(true))
    );
    let run = runs(&admin, &agent, "").await["data"][0]["id"].clone();
    let run = admin
        .get(&format!("/v1/runs/{}", run.as_str().unwrap()))
        .await
        .data(200);
    let steps = run["steps"].as_array().unwrap().iter();
    let ended: Vec<_> = steps.filter(|step| step["type"] == "tool_ended").collect();
    assert_eq!(
        (&ended[0]["outcome"], &ended[0]["isError"]),
        (&json!("error"), &json!(true))
    );
}
