//! Agents: made, looked at, started, stopped, deleted.

use serde_json::{Value, json};
use skillgate_store::SecretOwner;
use skillgate_tests::app::{Setup, TestApp};

#[tokio::test]
async fn the_provider_that_is_shown_follows_the_credentials() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}", admin.agent().await);
    let shown = async || admin.get(&path).await.data(200)["config"]["llmProvider"].clone();
    assert_eq!(shown().await, "scripted", "the operator's default");
    for (change, provider) in [
        (
            json!({ "secrets": { "anthropicApiKey": "sk-1" } }),
            "anthropic",
        ),
        (json!({ "deleteSecrets": ["anthropicApiKey"] }), "scripted"),
    ] {
        let changed = admin.patch(&format!("{path}/secrets"), change).await;
        changed.data(200);
        assert_eq!(shown().await, provider);
    }
}

#[tokio::test]
async fn an_agents_life() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let made = admin
        .post(
            "/v1/agents",
            json!({ "name": " Ada ", "workflowMd": "# Workflow" }),
        )
        .await
        .data(201);
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        (&made["name"], &made["status"], &made["region"]),
        (&json!("Ada"), &json!("running"), &json!("eu"))
    );
    assert!(uuid::Uuid::try_parse(id).is_ok());
    for field in ["createdAt", "startedAt"] {
        let time = made[field].as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with('Z'), "{field}: {time}");
    }

    let path = format!("/v1/agents/{id}");
    let full = admin.get(&path).await.data(200);
    assert_eq!(
        (&full["workflowMd"], &full["config"]),
        (
            &json!("# Workflow"),
            &json!({ "llmProvider": "scripted", "authType": "api_key" })
        )
    );
    for absent in [
        "avatarUrl",
        "swarm",
        "stoppedAt",
        "lastError",
        "errorCategory",
    ] {
        assert_eq!(full.get(absent), Some(&Value::Null), "{absent}");
    }
    assert_eq!(full["needsRestart"], false);
    assert!(
        full["image"]
            .as_str()
            .unwrap()
            .starts_with("skillgate-runtime:")
    );

    let stopped = admin
        .post(&format!("{path}/stop"), json!({}))
        .await
        .data(200);
    assert_eq!(
        (&stopped["status"], &stopped["id"]),
        (&json!("stopped"), &json!(id))
    );
    assert!(stopped["stoppedAt"].is_string());
    assert_eq!(
        admin.get(&path).await.data(200)["status"],
        "stopped",
        "a write is seen at once"
    );
    let again = admin.post(&format!("{path}/stop"), json!({})).await;
    assert_eq!(again.data(200), stopped, "it is stopped already");
    let chat = format!("{path}/chat/messages");
    admin
        .post(&chat, json!({ "message": "hello" }))
        .await
        .error(409, "conflict");
    let start = async || {
        admin
            .post(&format!("{path}/start"), json!({}))
            .await
            .data(200)
    };
    let started = start().await;
    assert_eq!(started["status"], "running");
    assert_eq!(start().await, started, "it runs already");
    assert_eq!(admin.get(&path).await.data(200)["stoppedAt"], Value::Null);

    let second = admin.agent().await;
    let list = admin.get("/v1/agents").await.body;
    let ids: Vec<&str> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [second.as_str(), id], "newest first");
    assert_eq!(
        list["pagination"],
        json!({ "total": 2, "limit": 2, "offset": 0 })
    );
    let usage = admin.get("/v1/account").await.data(200);
    assert_eq!(usage["usage"], json!({ "agents": 2, "runningAgents": 2 }));

    assert_eq!(
        admin.delete(&path).await.data(200),
        json!({ "id": id, "deleted": true })
    );
    admin.get(&path).await.error(404, "agent_not_found");
    admin.delete(&path).await.error(404, "agent_not_found");
}

#[tokio::test]
async fn what_an_agent_is_made_of_is_checked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    for (body, named) in [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a".repeat(101) }), "name"),
        (json!({ "name": "Ada", "region": "mars" }), "region"),
        (
            json!({ "name": "Ada", "config": { "llmProvider": "hal" } }),
            "hal",
        ),
        (
            json!({ "name": "Ada", "config": { "llmProvider": 9000 } }),
            "llmProvider",
        ),
        (json!({ "name": "Ada", "config": [] }), "config"),
        (
            json!({ "name": "Ada", "secrets": { "telegramBotToken": 5 } }),
            "telegram_bot_token",
        ),
        (
            json!({ "name": "Ada", "secrets": { "bad name": "x" } }),
            "bad name",
        ),
        (
            json!({ "name": "Ada", "soulMd": "a".repeat(300_000) }),
            "soulMd",
        ),
    ] {
        let message = admin
            .post("/v1/agents", body.clone())
            .await
            .error(400, "validation_error");
        assert!(message.contains(named), "{body}: {message}");
    }
    let swarm = json!({ "name": "Ada", "swarmId": "s1" });
    admin
        .post("/v1/agents", swarm)
        .await
        .error(404, "swarm_not_found");
}

#[tokio::test]
async fn a_credential_is_needed_unless_the_model_is_offline() {
    let app = TestApp::start(Setup {
        default_provider: None,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let without = admin
        .post("/v1/agents", json!({ "name": "Ada" }))
        .await
        .error(400, "validation_error");
    assert!(without.contains("secrets.anthropicApiKey"), "{without}");
    let demo = json!({ "name": "Ada", "config": { "llmProvider": "demo" } });
    admin.post("/v1/agents", demo).await.data(201);
    for spelling in ["anthropicApiKey", "anthropic_api_key"] {
        let own = json!({ "name": "Ada", "secrets": { spelling: "sk-ant-secret" } });
        let made = admin.post("/v1/agents", own).await.data(201);
        let shown = admin
            .get(&format!("/v1/agents/{}", made["id"].as_str().unwrap()))
            .await
            .body;
        assert!(!shown.to_string().contains("sk-ant-secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_credential_for_a_provider_that_is_not_served_is_never_replaced_by_anothers() {
    let app = TestApp::start(Setup {
        default_provider: None,
        anthropic_key: Some("sk-ant-the-operators"),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    for (secret, provider) in [
        ("openaiApiKey", "openai"),
        ("openai_api_key", "openai"),
        ("googleApiKey", "google"),
    ] {
        let body = json!({ "name": "Ada", "secrets": { secret: "sk-of-its-own" } });
        let message = admin
            .post("/v1/agents", body)
            .await
            .error(400, "validation_error");
        assert!(message.contains(&format!("`{provider}`")), "{message}");
    }
    // Beside a credential that is served, or an explicit choice, it is only a secret; and null is none.
    for body in [
        json!({ "name": "Ada", "secrets": { "openaiApiKey": "sk-1", "anthropicApiKey": "sk-2" } }),
        json!({ "name": "Ada", "secrets": { "openaiApiKey": "sk-1" }, "config": { "llmProvider": "demo" } }),
        json!({ "name": "Ada", "secrets": { "openaiApiKey": null } }),
    ] {
        admin.post("/v1/agents", body).await.data(201);
    }
}

#[tokio::test]
async fn a_running_agent_that_was_changed_says_so_until_it_is_started_anew() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}", admin.agent().await);
    let needs_restart = async || admin.get(&path).await.data(200)["needsRestart"].clone();
    let set = async || {
        let set = json!({ "secrets": { "TOKEN": "a secret of the agent" } });
        let answer = admin.patch(&format!("{path}/secrets"), set).await;
        answer.data(200)["needsRestart"].clone()
    };
    let act = async |verb: &str| {
        let answer = admin.post(&format!("{path}/{verb}"), json!({})).await;
        answer.data(200);
    };
    assert_eq!(
        (set().await, needs_restart().await),
        (json!(true), json!(true))
    );
    act("start").await;
    assert_eq!(needs_restart().await, true, "it ran already");
    act("restart").await;
    assert_eq!(needs_restart().await, false);
    act("stop").await;
    assert_eq!(
        (set().await, needs_restart().await),
        (json!(false), json!(false))
    );
}

#[tokio::test]
async fn a_log_is_followed_from_the_line_that_was_read_last() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}");
    for verb in ["stop", "start"] {
        admin
            .post(&format!("{path}/{verb}"), json!({}))
            .await
            .data(200);
    }
    let follow = async |last: &str, query: &str| {
        let request = admin.request(reqwest::Method::GET, &format!("{path}/logs/stream{query}"));
        request.header("last-event-id", last).send().await.unwrap()
    };
    let response = follow("1", "?tail=0").await;
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut events = skillgate_tests::sse::Events::of(response);
    for (id, ends) in [("2", "Agent stopped"), ("3", "Agent started")] {
        let event = events.next().await.unwrap();
        assert_eq!(event.id.as_deref(), Some(id));
        assert!(event.data.ends_with(ends), "{event:?}");
    }
    for wrong in ["", "two", "-1"] {
        assert_eq!(follow(wrong, "").await.status(), 400, "{wrong:?}");
    }
    // Older lines than the newest 10,000 are not kept.
    let line = |number: usize| skillgate_store::NewLogLine {
        at: app.store.now(),
        level: "info".to_owned(),
        message: number.to_string(),
    };
    let lines: Vec<_> = (4..=10_100).map(line).collect();
    assert!(
        app.store
            .append_logs(&admin.account, &agent, &lines)
            .await
            .unwrap()
    );
    let mut events = skillgate_tests::sse::Events::of(follow("3", "").await);
    let note = events.next().await.unwrap();
    assert!(note.data.contains("before number 101 "), "{note:?}");
    let first = events.next().await.unwrap();
    assert_eq!(first.id.as_deref(), Some("101"));
    assert!(first.data.ends_with("[info] 101"), "{first:?}");
}

#[tokio::test]
async fn secrets_are_written_and_never_read() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}/secrets");
    let set = json!({ "secrets": { "PROBE_TOKEN": "hunter2-hunter2" } });
    assert_eq!(
        admin.patch(&path, set).await.data(200),
        json!({ "updated": true, "needsRestart": true })
    );
    let secrets = app
        .store
        .secrets(&admin.account, SecretOwner::Agent(&agent))
        .await
        .unwrap();
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["PROBE_TOKEN"]);
    let logs = admin
        .get(&format!("/v1/agents/{agent}/logs"))
        .await
        .data(200)["logs"]
        .to_string();
    assert!(
        logs.contains("PROBE_TOKEN") && !logs.contains("hunter2"),
        "{logs}"
    );
    admin
        .patch(&path, json!({ "deleteSecrets": ["PROBE_TOKEN"] }))
        .await
        .data(200);
    assert!(
        app.store
            .secrets(&admin.account, SecretOwner::Agent(&agent))
            .await
            .unwrap()
            .is_empty()
    );
    admin.get(&path).await.error(405, "method_not_allowed");
}

#[tokio::test]
async fn logs_are_read_back_and_followed() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let logs = admin
        .get(&format!("/v1/agents/{agent}/logs?tail=1"))
        .await
        .data(200);
    let text = logs["logs"].as_str().unwrap();
    assert!(
        text.ends_with("[info] Agent created and started\n"),
        "{text}"
    );
    admin
        .get(&format!("/v1/agents/{agent}/logs?tail=-1"))
        .await
        .error(400, "validation_error");

    let path = format!("/v1/agents/{agent}/logs/stream");
    let response = admin
        .request(reqwest::Method::GET, &path)
        .send()
        .await
        .unwrap();
    let mut events = skillgate_tests::sse::Events::of(response);
    assert!(
        events
            .next()
            .await
            .unwrap()
            .data
            .ends_with("Agent created and started")
    );
    admin
        .post(&format!("/v1/agents/{agent}/stop"), json!({}))
        .await
        .data(200);
    assert!(
        events
            .next()
            .await
            .unwrap()
            .data
            .ends_with("[info] Agent stopped")
    );
    admin.delete(&format!("/v1/agents/{agent}")).await.data(200);
    assert_eq!(events.next().await, None, "the stream ends with its agent");
}
