//! One story over HTTP, the same on SQLite and on PostgreSQL: from an empty account to an answer that used a skill.

use serde_json::{Value, json};
use skillgate_tests::app::{Setup, TestApp};
use skillgate_tests::{postgres, skills};

#[tokio::test]
async fn on_sqlite() {
    story(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    story(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn story(setup: Setup) {
    let script = json!({ "repeat": true, "turns": [
        { "parts": [
            { "type": "text", "text": "Let me see." },
            { "type": "tool_call", "name": "echo__echo", "arguments": { "text": "forty-two" } },
        ], "usage": { "inputTokens": 10, "outputTokens": 5 } },
        { "parts": [{ "type": "text", "text": "It is 42." }], "usage": { "inputTokens": 20, "outputTokens": 7 } },
    ] });
    let app = TestApp::start(Setup { script, ..setup }).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    let package = skills::signed("echo", &key).await;

    let registered = admin.register(&key).await.data(201);
    assert_eq!(registered["keyId"].as_str().unwrap().len(), 64);
    let published = admin.upload(&package).await.data(201);
    assert_eq!(
        (&published["id"], &published["name"], &published["version"]),
        (&json!("echo"), &json!("Echo"), &json!("0.1.0"))
    );
    assert_eq!(
        (&published["keyId"], &published["trustLevel"]),
        (&registered["keyId"], &json!("clawhub"))
    );
    assert_eq!(published["digest"], package.digest().to_string());
    assert_eq!(published["publisher"], "test publisher");
    assert_eq!(published["tools"][0]["name"], "echo");
    assert_eq!(published["permissions"], json!({}));

    let path = format!("/v1/agents/{agent}/skills");
    let verified = json!({ "skillId": "echo", "trustLevel": "verified" });
    let refused = admin.post(&path, verified).await.error(409, "conflict");
    assert!(refused.contains("not verified"), "{refused}");
    let wish = json!({ "skillId": "echo", "trustLevel": "clawhub" });
    let installed = admin.post(&path, wish.clone()).await.data(201);
    assert!(installed["id"].as_str().unwrap().starts_with("as_"));
    assert_eq!(
        (&installed["trustLevel"], &installed["needsRestart"]),
        (&json!("clawhub"), &json!(true))
    );
    assert_eq!(
        (&installed["skillId"], &installed["name"]),
        (&json!("echo"), &json!("Echo"))
    );
    admin.post(&path, wish).await.error(409, "conflict");
    let list = admin.get(&path).await;
    assert_eq!(list.body["pagination"]["total"], 1);
    assert_eq!(list.body["data"][0]["installedVersion"], "0.1.0");
    let shelf = admin.get("/v1/skills?search=text").await.body;
    assert_eq!(
        (&shelf["data"][0]["id"], &shelf["data"][0]["installCount"]),
        (&json!("echo"), &json!(1))
    );
    assert_eq!(
        admin.get("/v1/skills?search=nothing").await.body["data"],
        json!([])
    );
    let by_uuid = admin
        .get(&format!(
            "/v1/skills/{}",
            published["uuid"].as_str().unwrap()
        ))
        .await
        .data(200);
    assert_eq!(
        (&by_uuid["id"], &by_uuid["toolCount"]),
        (&json!("echo"), &json!(2))
    );

    let run = said(&app, &agent).await;
    recorded(&app, &agent, &run).await;

    let gone = admin.delete(&format!("{path}/echo")).await.data(200);
    assert_eq!(
        gone,
        json!({ "skillId": "echo", "uninstalled": true, "needsRestart": true })
    );
    admin.chat(&agent, "again").await.until("done").await;
    assert!(
        app.script.requests().last().unwrap().tools.is_empty(),
        "the next turn does without it"
    );
    admin.delete(&format!("/v1/agents/{agent}")).await.data(200);
    admin
        .get(&format!("/v1/runs/{run}"))
        .await
        .error(404, "run_not_found");
}

/// The chat, event by event; the run's id.
async fn said(app: &TestApp, agent: &str) -> String {
    let events = app
        .client(&["chat"])
        .await
        .chat(agent, "What is it?")
        .await
        .all()
        .await;
    let done = events.last().unwrap().json();
    let run = done["runId"].as_str().unwrap().to_owned();
    let call = events[1].json()["id"].clone();
    let expected = [
        json!({ "type": "text", "content": "Let me see." }),
        json!({ "type": "tool_call", "id": call, "name": "echo__echo", "arguments": { "text": "forty-two" },
            "skillId": "echo", "skillVersion": "0.1.0" }),
        json!({ "type": "tool_result", "id": call, "name": "echo__echo", "content": "forty-two", "isError": false,
            "outcome": "result",            "skillId": "echo", "skillVersion": "0.1.0" }),
        json!({ "type": "text", "content": "\n\nIt is 42." }),
        json!({ "type": "usage", "inputTokens": 30, "outputTokens": 12 }),
        json!({ "type": "done", "runId": run, "stopReason": "end_turn" }),
    ];
    assert_eq!(
        events
            .iter()
            .map(|event| event.json())
            .collect::<Vec<Value>>(),
        expected
    );
    let ids: std::collections::BTreeSet<_> = events
        .iter()
        .map(|event| event.id.clone().unwrap())
        .collect();
    assert_eq!(ids.len(), events.len(), "each event has an id of its own");
    assert!(ids.iter().all(|id| id.starts_with(&format!("{run}:"))));
    run
}

/// What is left of the run: history, steps, receipts, log.
async fn recorded(app: &TestApp, agent: &str, run: &str) {
    let reader = app.client(&["chat", "logs"]).await;
    let history = reader
        .get(&format!("/v1/agents/{agent}/chat/messages?limit=10"))
        .await
        .body;
    let said: Vec<_> = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["role"], &one["content"]))
        .collect();
    let (user, assistant) = (json!("user"), json!("assistant"));
    assert_eq!(
        said,
        [
            (&user, &json!("What is it?")),
            (&assistant, &json!("Let me see.\n\nIt is 42."))
        ]
    );
    assert_eq!(
        history["pagination"],
        json!({ "total": 2, "limit": 10, "offset": 0 })
    );

    let whole = reader.get(&format!("/v1/runs/{run}")).await.data(200);
    assert_eq!(
        (&whole["status"], &whole["stopReason"]),
        (&json!("completed"), &json!("end_turn"))
    );
    let kinds: Vec<_> = whole["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["type"].as_str().unwrap())
        .collect();
    let turn = ["model_request", "model_answer"];
    assert_eq!(
        kinds,
        [
            &turn[..],
            &["tool_begun", "tool_ended"],
            &turn[..],
            &["ended"]
        ]
        .concat()
    );

    let receipts = reader
        .get(&format!("/v1/runs/{run}/receipts"))
        .await
        .data(200);
    let receipt = &receipts[0];
    assert_eq!(
        (&receipt["skill"], &receipt["tool"], &receipt["outcome"]),
        (&json!("echo"), &json!("echo"), &json!("result"))
    );
    assert_eq!(receipt["publisherKey"].as_str().unwrap().len(), 64);
    let logs = reader
        .get(&format!("/v1/agents/{agent}/logs"))
        .await
        .data(200);
    assert!(
        logs["logs"]
            .as_str()
            .unwrap()
            .contains("echo__echo: result in"),
        "{logs}"
    );
}
