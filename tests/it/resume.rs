//! Runs that a restart finds unfinished and must not go on with.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_store::{NewMessage, NewRun, NewStep, Timestamp, system_clock};
use skillgate_tests::app::{Client, Setup, TestApp};

const HOUR: i64 = 3_600_000_000;

/// Waits until the run has ended; it as it is then.
async fn ended(client: &Client, run: &str) -> Value {
    let ended = async {
        loop {
            let run = client.get(&format!("/v1/runs/{run}")).await.data(200);
            if run["status"] != "running" {
                return run;
            }
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), ended).await;
    ended.expect("the run ends")
}

/// A server that is started on a database with one unfinished run, whose journal has these rows and whose clock was
/// so long behind: client, run, and how often the model was asked.
async fn restarted(behind: i64, rows: &[(&str, Value)]) -> (Value, usize, Client, String) {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("a.db").display());
    let script = json!({ "turns": [{ "parts": [{ "type": "text", "text": "went on" }] }] });
    let setup = |behind: i64| {
        let now = system_clock();
        Setup {
            script: script.clone(),
            database: Some(database.clone()),
            clock: Arc::new(move || Timestamp::from_micros(now().as_micros() - behind)),
            ..Setup::default()
        }
    };
    let mut before = TestApp::start(setup(behind)).await;
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
    for (seq, (kind, body)) in (0..).zip(rows) {
        let step = NewStep {
            seq,
            kind: (*kind).to_owned(),
            body: body.clone(),
        };
        before.store.append_step(&run, &step).await.unwrap();
    }
    before.stop().await;
    let after = TestApp::start(setup(0)).await;
    let admin = admin.at(&after.url);
    let run = ended(&admin, &run).await;
    let asked = after.script.requests().len();
    // The session is free again, and the server as well as ever.
    admin.chat(&agent, "hello").await.all().await;
    (run, asked, admin, agent)
}

#[tokio::test]
async fn a_fresh_run_goes_on() {
    let (run, asked, ..) = restarted(HOUR / 2, &[]).await;
    assert_eq!((&run["status"], asked), (&json!("completed"), 1));
}

#[tokio::test]
async fn a_run_of_long_ago_ends_and_does_nothing() {
    let (run, asked, admin, agent) = restarted(HOUR + HOUR / 60, &[]).await;
    assert_eq!((&run["status"], asked), (&json!("failed"), 0));
    let said = run["error"]["message"].as_str().unwrap();
    assert!(said.contains("61 minutes ago"), "{said}");
    let history = admin
        .get(&format!("/v1/agents/{agent}/chat/messages"))
        .await;
    let first = &history.data(200)[0];
    assert_eq!(first["content"], "do it", "what was said stays");
}

#[tokio::test]
async fn a_run_whose_journal_can_not_be_read_ends_with_an_error() {
    let request = json!({
        "type": "model_request", "provider": "scripted", "model": "m", "messages": 1, "tools": 0, "digest": "",
    });
    let rows = [
        ("model_request", request),
        ("tool_begun", json!({ "type": "of another version" })),
        ("tool_ended", json!([])),
    ];
    let (run, asked, ..) = restarted(0, &rows).await;
    assert_eq!((&run["status"], asked), (&json!("failed"), 0));
    let said = run["error"]["message"].as_str().unwrap();
    assert!(said.contains("can't be read"), "{said}");
    assert_eq!(run["steps"].as_array().unwrap().len(), 4, "{run}");
}
