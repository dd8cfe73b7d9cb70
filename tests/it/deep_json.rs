//! JSON that is nested deeply: refused where it comes in, and read again whatever was stored.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::skills;
use sqlx::SqlitePool;

/// `{"a":{"a":…}}`, so many levels.
fn nested(depth: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

/// A server on a database that the test can get at, and an agent that its message tells which tool to call.
async fn demo() -> (TestApp, tempfile::TempDir, String, Client, String) {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("a.db").display());
    let setup = Setup {
        default_provider: Some("demo"),
        database: Some(database.clone()),
        ..Setup::default()
    };
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;
    (app, folder, database, admin, agent)
}

/// Says something; the run's id, and its events.
async fn say(client: &Client, agent: &str, message: &str) -> (String, Vec<Value>) {
    let events = client.chat(agent, message).await.all().await;
    let id = events[0].id.clone().unwrap();
    let run = id.split(':').next().unwrap().to_owned();
    (run, events.iter().map(|event| event.json()).collect())
}

/// The status alone: a client's own reader may take less depth than was stored.
async fn status(client: &Client, path: &str) -> u16 {
    client.get(path).await.status
}

#[tokio::test]
async fn arguments_of_any_depth_leave_a_run_and_a_history_that_can_be_read() {
    let (_app, _folder, _database, admin, agent) = demo().await;
    for depth in [32, 33, 124, 127] {
        let (run, events) = say(&admin, &agent, &format!("echo__echo {}", nested(depth))).await;
        assert_eq!(events.last().unwrap()["type"], "done", "{events:?}");
        let result = events.iter().find(|event| event["type"] == "tool_result");
        let content = result.unwrap()["content"].as_str().unwrap();
        assert_eq!(
            content.contains("nested at most 32 deep"),
            depth > 32,
            "{content}"
        );
        let steps = admin.get(&format!("/v1/runs/{run}")).await.data(200);
        assert_eq!(steps["status"], "completed");
        assert_eq!(
            status(&admin, &format!("/v1/runs/{run}/receipts")).await,
            200
        );
        let history = admin
            .get(&format!("/v1/agents/{agent}/chat/messages"))
            .await;
        assert!(history.data(200).as_array().unwrap().len() >= 2);
    }
    let (_, events) = say(&admin, &agent, r#"echo__echo {"text": "still here"}"#).await;
    assert!(format!("{events:?}").contains("still here"));
}

#[tokio::test]
async fn one_bad_row_fails_no_list() {
    let (_app, _folder, database, admin, agent) = demo().await;
    let pool = SqlitePool::connect(&database).await.unwrap();
    let deep = format!(r#"{{"x":{}}}"#, nested(127));
    let deeper = nested(5_000);
    for bad in [deep.as_str(), &deeper, "{ no JSON", "[]", ""] {
        let (run, _) = say(&admin, &agent, r#"echo__echo {"text": "hello"}"#).await;
        for spoil in [
            "UPDATE step SET body = $1 WHERE run_id = $2 AND kind = 'tool_ended'",
            "UPDATE message SET parts = $1 WHERE run_id = $2 AND role = 'assistant'",
        ] {
            let spoilt = sqlx::query(spoil).bind(bad).bind(&run).execute(&pool);
            assert_eq!(spoilt.await.unwrap().rows_affected(), 1);
        }
        for path in [
            format!("/v1/runs/{run}"),
            format!("/v1/runs/{run}/receipts"),
            format!("/v1/agents/{agent}/chat/messages"),
        ] {
            assert_eq!(status(&admin, &path).await, 200, "{path}: {bad:.20}");
        }
        let (_, events) = say(&admin, &agent, r#"echo__echo {"text": "on"}"#).await;
        assert_eq!(events.last().unwrap()["type"], "done", "{events:?}");
    }
    let (run, _) = say(&admin, &agent, r#"echo__echo {"text": "hello"}"#).await;
    let spoil = "UPDATE step SET body = 'x' WHERE run_id = $1 AND kind = 'tool_ended'";
    sqlx::query(spoil).bind(&run).execute(&pool).await.unwrap();
    let steps = admin.get(&format!("/v1/runs/{run}")).await.data(200)["steps"].clone();
    let placeholder = &steps.as_array().unwrap()[3];
    assert_eq!(
        (&placeholder["type"], &placeholder["seq"]),
        (&json!("tool_ended"), &json!(3))
    );
    assert!(
        placeholder["unreadable"]
            .as_str()
            .unwrap()
            .contains("no JSON")
    );
}

#[tokio::test]
async fn an_agents_config_is_limited_in_depth() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let wish = |depth: usize| {
        let inner: Value = serde_json::from_str(&nested(depth)).unwrap();
        json!({ "name": "Ada", "config": inner })
    };
    let made = admin.post("/v1/agents", wish(60)).await.data(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(status(&admin, &format!("/v1/agents/{id}")).await, 200);
    let refused = admin.post("/v1/agents", wish(61)).await;
    let message = refused.error(400, "validation_error");
    assert!(message.contains("nested more than 60 deep"), "{message}");
}
