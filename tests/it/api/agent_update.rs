//! `PATCH /v1/agents/{id}`.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::sample::assert_like;

/// A running agent's path, on a server whose default provider plays a script.
async fn agent() -> (TestApp, Client, String) {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}", admin.agent().await);
    (app, admin, path)
}

#[tokio::test]
async fn name_and_avatar_are_changed_without_a_restart() {
    let (_app, admin, path) = agent().await;
    let avatar = "https://example.com/ada.png";
    let change = json!({ "name": " Updated Assistant ", "avatarUrl": avatar });
    let changed = admin.patch(&path, change).await.data(200);
    let sample = json!({
        "id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "name": "Updated Assistant",
        "status": "running",
        "needsRestart": true
    });
    assert_like(&sample, &changed);
    assert_eq!(
        (&changed["name"], &changed["needsRestart"]),
        (&json!("Updated Assistant"), &json!(false))
    );
    let shown = async || admin.get(&path).await.data(200);
    let full = shown().await;
    assert_eq!(
        (&full["name"], &full["avatarUrl"], &full["needsRestart"]),
        (&json!("Updated Assistant"), &json!(avatar), &json!(false))
    );
    let identity = admin.get(&format!("{path}/personality")).await.data(200);
    assert_eq!(
        identity["identityMd"],
        "# IDENTITY.md\n\n- **Name:** Updated Assistant"
    );

    // Absent changes nothing, null clears what can be null; unknown fields are ignored.
    for unchanged in [json!({}), json!({ "name": null, "config": null, "x": 1 })] {
        admin.patch(&path, unchanged).await.data(200);
        assert_eq!(shown().await, full);
    }
    admin
        .patch(&path, json!({ "avatarUrl": null }))
        .await
        .data(200);
    assert_eq!(shown().await["avatarUrl"], Value::Null);
}

#[tokio::test]
async fn config_is_merged_and_marks_a_running_agent() {
    let (_app, admin, path) = agent().await;
    let change = async |config: Value| {
        let changed = admin.patch(&path, json!({ "config": config })).await;
        changed.data(200)["needsRestart"].clone()
    };
    let shown = async || admin.get(&path).await.data(200)["config"].clone();
    assert_eq!(
        change(json!({ "a": { "b": 1, "c": 2 }, "d": 3 })).await,
        true
    );
    assert_eq!(
        change(json!({ "a": { "b": null }, "d": null, "llmProvider": "demo" })).await,
        true
    );
    assert_eq!(
        shown().await,
        json!({ "a": { "b": null }, "llmProvider": "demo", "authType": "api_key" })
    );
    // What the answer resolves is not stored: without a name the agent follows the operator's default again.
    change(json!({ "llmProvider": null, "a": null })).await;
    let resolved = json!({ "llmProvider": "scripted", "authType": "api_key" });
    assert_eq!(shown().await, resolved);
    assert_eq!(admin.get(&path).await.data(200)["needsRestart"], true);
    let name = admin.patch(&path, json!({ "name": "B" })).await.data(200);
    assert_eq!(
        name["needsRestart"], true,
        "the mark stays until the next start"
    );

    admin
        .post(&format!("{path}/restart"), json!({}))
        .await
        .data(200);
    admin
        .post(&format!("{path}/stop"), json!({}))
        .await
        .data(200);
    assert_eq!(
        change(json!({ "model": "m" })).await,
        false,
        "it does not run"
    );
}

#[tokio::test]
async fn what_is_not_acceptable_changes_nothing() {
    let (_app, admin, path) = agent().await;
    let before = admin.get(&path).await.data(200);
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
    let long_name = "n".repeat(101);
    let long_url = format!("https://example.com/{}", "a".repeat(2_000));
    for (body, named) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": long_name }), "name"),
        (json!({ "name": 5 }), "name"),
        (json!({ "avatarUrl": "" }), "avatarUrl"),
        (json!({ "avatarUrl": "javascript:alert(1)" }), "avatarUrl"),
        (json!({ "avatarUrl": long_url }), "avatarUrl"),
        (json!({ "avatarUrl": 5 }), "avatarUrl"),
        (json!({ "config": [] }), "config"),
        (json!({ "config": { "llmProvider": "hal" } }), "hal"),
        (json!({ "config": { "llmProvider": 9000 } }), "llmProvider"),
        (json!({ "config": nested(61) }), "config"),
        (json!({ "config": { "a": "x".repeat(64 << 10) } }), "config"),
        (
            json!({ "name": "New", "config": { "llmProvider": "hal" } }),
            "hal",
        ),
        (json!({ "name": "a\0b" }), "U+0000"),
        (json!({ "config": { "a\0": 1 } }), "U+0000"),
    ] {
        let message = admin.patch(&path, body.clone()).await;
        let message = message.error(400, "validation_error");
        assert!(message.contains(named), "{body}: {message}");
    }
    let twice = admin.request(reqwest::Method::PATCH, &path);
    let twice = twice.header("content-type", "application/json");
    let twice = twice.body(r#"{"name":"A","name":"B"}"#);
    admin.send(twice).await.error(400, "validation_error");
    let swarm = json!({ "name": "New", "swarmId": "s1" });
    admin
        .patch(&path, swarm)
        .await
        .error(404, "swarm_not_found");
    assert_eq!(admin.get(&path).await.data(200), before);
    admin
        .patch("/v1/agents/none", json!({}))
        .await
        .error(404, "agent_not_found");

    // At the limits.
    let config = json!({ "a": "x".repeat((64 << 10) - r#"{"a":""}"#.len()) });
    for body in [
        json!({ "name": "é".repeat(100) }),
        json!({ "config": config }),
    ] {
        admin.patch(&path, body).await.data(200);
    }
    // What was there counts, too.
    let message = admin.patch(&path, json!({ "config": { "b": 1 } })).await;
    assert!(message.error(400, "validation_error").contains("config"));
}

#[tokio::test]
async fn a_provider_needs_its_credential() {
    let app = TestApp::start(Setup {
        default_provider: None,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let demo = json!({ "name": "Ada", "config": { "llmProvider": "demo" } });
    let made = admin.post("/v1/agents", demo).await.data(201);
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    let choose = async |provider: Value| {
        let change = json!({ "config": { "llmProvider": provider } });
        admin.patch(&path, change).await
    };
    for without in [json!("anthropic"), json!(null)] {
        let message = choose(without).await.error(400, "validation_error");
        assert!(message.contains("secrets.anthropicApiKey"), "{message}");
    }
    let secret = json!({ "secrets": { "anthropicApiKey": "sk-ant-1" } });
    admin
        .patch(&format!("{path}/secrets"), secret)
        .await
        .data(200);
    choose(json!("anthropic")).await.data(200);
    let shown = admin.get(&path).await.data(200);
    assert_eq!(shown["config"]["llmProvider"], "anthropic");
}

#[tokio::test]
async fn an_agent_joins_a_swarm_and_leaves_it() {
    let app = TestApp::start(Setup {
        default_provider: None,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let swarm = admin.post("/v1/swarms", json!({ "name": "Growth" })).await;
    let swarm = swarm.data(201)["id"].as_str().unwrap().to_owned();
    let credential = json!({ "secrets": { "anthropicApiKey": "sk-ant-of-the-swarm" } });
    let secrets = format!("/v1/swarms/{swarm}/secrets");
    admin.patch(&secrets, credential).await.data(200);
    let demo = json!({ "name": "Ada", "config": { "llmProvider": "demo" } });
    let made = admin.post("/v1/agents", demo).await.data(201);
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    let shown = async || admin.get(&path).await.data(200);

    // The swarm's credential counts at once, in the same change.
    let anthropic = json!({ "llmProvider": "anthropic" });
    let join = json!({ "swarmId": swarm, "config": anthropic });
    admin.patch(&path, join).await.data(200);
    let growth = json!({ "id": swarm, "name": "Growth", "slug": "growth" });
    assert_eq!(shown().await["swarm"], growth);
    admin
        .patch(&path, json!({ "swarmId": null }))
        .await
        .error(400, "validation_error");
    assert_eq!(shown().await["swarm"], growth, "its credential is needed");
    let demo = json!({ "config": { "llmProvider": "demo" } });
    admin.patch(&path, demo).await.data(200);
    admin
        .post(&format!("{path}/restart"), json!({}))
        .await
        .data(200);

    let left = admin
        .patch(&path, json!({ "swarmId": null }))
        .await
        .data(200);
    assert_eq!(left["needsRestart"], false, "a swarm sets no mark");
    assert_eq!(shown().await["swarm"], Value::Null);
    let joined = admin
        .patch(&path, json!({ "swarmId": swarm }))
        .await
        .data(200);
    assert_eq!(joined["needsRestart"], false);
    assert_eq!(shown().await["swarm"], growth);
    let stranger = app.stranger(&["admin"]).await;
    let theirs = format!(
        "/v1/agents/{}",
        stranger
            .post(
                "/v1/agents",
                json!({ "name": "B", "config": { "llmProvider": "demo" } })
            )
            .await
            .data(201)["id"]
            .as_str()
            .unwrap()
    );
    let into_another = stranger.patch(&theirs, json!({ "swarmId": swarm })).await;
    into_another.error(404, "swarm_not_found");
}

#[tokio::test]
async fn the_log_names_what_was_changed_and_not_to_what() {
    let (_app, admin, path) = agent().await;
    let change = json!({ "name": "B", "config": { "key": "a value" } });
    admin.patch(&path, change).await.data(200);
    let logs = admin.get(&format!("{path}/logs?tail=1")).await.data(200);
    let logs = logs["logs"].as_str().unwrap();
    assert!(
        logs.ends_with("[info] Agent changed: name, config\n"),
        "{logs}"
    );
}
