//! Calls that wait for a person: those that write, under a grant whose mode is `ask`.

use reqwest::Method;
use serde_json::json;
use skillgate_store::{Decision, TaskStatus};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::sse::Events;

use super::permission_grants::{calling, grant_of, path};

/// An agent whose writes wait for a person, and the events of a run that wants to write.
async fn asked_to_write() -> (TestApp, Client, String, Events, String) {
    let (app, admin, agent) = calling(&[
        ("probe__kv_set", json!({ "key": "key", "value": "written" })),
        ("probe__kv_get", json!({ "key": "key" })),
    ])
    .await;
    let grant = grant_of(&admin, &agent).await;
    let asked = admin.patch(&path(&grant), json!({ "mode": "ask" })).await;
    assert_eq!(asked.data(200)["mode"], "ask");
    let mut events = admin.chat(&agent, "go").await;
    let waiting = events.until("waiting").await;
    let task = waiting["taskId"].as_str().unwrap().to_owned();
    let shown = admin.get(&format!("/v1/tasks/{task}")).await.data(200);
    assert_eq!(
        (&shown["kind"], &shown["status"], &shown["runId"]),
        (
            &json!("tool_approval"),
            &json!("pending"),
            &waiting["runId"]
        )
    );
    let subject = &shown["subject"];
    assert_eq!(
        (&subject["skill"], &subject["tool"]),
        (&json!("probe"), &json!("kv_set"))
    );
    assert_eq!(subject["arguments"]["value"], "written");
    (app, admin, agent, events, task)
}

#[tokio::test]
async fn under_ask_a_call_that_writes_waits_until_it_is_approved() {
    let (_app, admin, _, mut events, task) = asked_to_write().await;
    admin
        .post(&format!("/v1/tasks/{task}/approve"), json!({}))
        .await
        .data(200);
    let called = events.until("tool_call").await;
    assert_eq!(called["name"], "probe__kv_set");
    assert_eq!(events.until("tool_result").await["isError"], false);
    // What only reads waits for nobody.
    let read = events.until("tool_result").await;
    assert_eq!(read["content"], "written");
    events.until("done").await;
    let tasks = admin.get("/v1/tasks").await.data(200);
    assert_eq!(tasks.as_array().unwrap().len(), 1, "{tasks}");
}

#[tokio::test]
async fn under_ask_a_call_that_is_denied_tells_the_model_and_does_nothing() {
    let (_app, admin, _, mut events, task) = asked_to_write().await;
    let reason = json!({ "reason": "Not on a Sunday." });
    admin
        .post(&format!("/v1/tasks/{task}/deny"), reason)
        .await
        .data(200);
    let denied = events.until("tool_result").await;
    let content = denied["content"].as_str().unwrap();
    assert!(content.contains("denied it: Not on a Sunday."), "{content}");
    assert_eq!(
        (&denied["isError"], &denied["outcome"]),
        (&json!(true), &json!("denied"))
    );
    assert_eq!(events.until("tool_result").await["content"], "(none)");
}

#[tokio::test]
async fn a_decision_in_another_process_is_heard() {
    let (app, admin, _, mut events, task) = asked_to_write().await;
    let decision = Decision {
        status: TaskStatus::Approved,
        decided_by: "another process".to_owned(),
        reason: None,
    };
    let decided = app
        .store
        .decide_task(&admin.account, &task, &decision)
        .await;
    decided.unwrap().unwrap();
    assert_eq!(events.until("tool_result").await["isError"], false);
}

#[tokio::test]
async fn a_run_that_is_stopped_waits_no_longer() {
    let (_app, admin, agent, mut events, _task) = asked_to_write().await;
    admin
        .post(&format!("/v1/agents/{agent}/stop"), json!({}))
        .await
        .data(200);
    let done = events.until("done").await;
    assert_eq!(done["stopReason"], "cancelled");
}

#[tokio::test]
async fn whoever_listens_to_the_run_is_told_that_it_waits_and_goes_on_behind_that() {
    let (_app, admin, _, _chat, task) = asked_to_write().await;
    let path = format!("/v1/tasks/{task}");
    let run = admin.get(&path).await.data(200)["runId"].clone();
    let events = format!("/v1/runs/{}/events", run.as_str().unwrap());
    let mut ids = Vec::new();
    for _ in 0..2 {
        let response = admin.request(Method::GET, &events).send().await.unwrap();
        let told = Events::of(response).next().await.unwrap();
        let waiting = json!({ "type": "waiting", "runId": run, "taskId": task });
        assert_eq!(told.json(), waiting);
        ids.push(told.id.unwrap());
    }
    assert_eq!(ids[0], ids[1]);
    let behind = admin.request(Method::GET, &events);
    let behind = behind.header("last-event-id", &ids[0]).send();
    let mut behind = Events::of(behind.await.unwrap());
    admin
        .post(&format!("{path}/approve"), json!({}))
        .await
        .data(200);
    assert_eq!(behind.next().await.unwrap().json()["type"], "tool_call");
    behind.until("done").await;
}
