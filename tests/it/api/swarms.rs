//! Swarms: as the API reference shows them, and what their agents have of them.

use serde_json::{Map, Value, json};
use skillgate_store::AccountChanges;
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::fake_anthropic::{Block, FakeAnthropic, Reply};
use skillgate_tests::postgres;

#[tokio::test]
async fn on_sqlite() {
    life(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    life(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

/// The documented samples in the order of a swarm's life, field by field; ids and times are the server's own.
async fn life(setup: Setup) {
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let wish = json!({ "name": "Growth", "description": "Agents focused on growth initiatives." });
    let made = admin.post("/v1/swarms", wish).await.data(201);
    let id = made["id"].as_str().unwrap();
    assert!(uuid::Uuid::try_parse(id).is_ok());
    let times = |swarm: &Value| (swarm["createdAt"].clone(), swarm["updatedAt"].clone());
    let (created_at, updated_at) = times(&made);
    assert_eq!(created_at, updated_at);
    let sample = |changes: Value| {
        let mut sample = json!({
            "id": id,
            "name": "Growth",
            "slug": "growth",
            "description": "Agents focused on growth initiatives.",
            "icon": null,
            "agentCount": 0,
            "memberCount": 1,
            "createdAt": created_at,
            "updatedAt": updated_at,
        });
        let fields: Map<String, Value> = serde_json::from_value(changes).unwrap();
        sample.as_object_mut().unwrap().extend(fields);
        sample
    };
    assert_eq!(made, sample(json!({})));

    let agent = json!({ "name": "My Assistant", "swarmId": id });
    let agent = admin.post("/v1/agents", agent).await.data(201);
    let list = admin.get("/v1/swarms").await;
    assert_eq!(list.status, 200);
    assert_eq!(
        list.body,
        json!({ "data": [sample(json!({ "agentCount": 1 }))] })
    );
    let path = format!("/v1/swarms/{id}");
    let agents = json!([{
        "id": agent["id"], "name": "My Assistant", "status": "running", "createdAt": agent["createdAt"],
    }]);
    let whole = sample(json!({ "agentCount": 1, "agents": agents }));
    assert_eq!(admin.get(&path).await.data(200), whole);

    // Each valid key of the account is a member.
    app.client(&["chat"]).await;
    let change =
        json!({ "name": "Growth Team", "description": "All growth-related agents.", "icon": "🌱" });
    let changed = admin.patch(&path, change).await.data(200);
    let expected = sample(json!({
        "name": "Growth Team", "description": "All growth-related agents.", "icon": "🌱",
        "agentCount": 1, "memberCount": 2, "updatedAt": changed["updatedAt"],
    }));
    assert_eq!(changed, expected, "the slug stays");
    let cleared = admin.patch(&path, json!({ "icon": null })).await.data(200);
    assert_eq!(
        (&cleared["icon"], &cleared["name"]),
        (&Value::Null, &json!("Growth Team"))
    );

    let agent = format!("/v1/agents/{}", agent["id"].as_str().unwrap());
    let reference = json!({ "id": id, "name": "Growth Team", "slug": "growth" });
    assert_eq!(admin.get(&agent).await.data(200)["swarm"], reference);
    assert_eq!(
        admin.get("/v1/agents").await.data(200)[0]["swarm"],
        reference
    );

    assert_eq!(
        admin.delete(&path).await.data(200),
        json!({ "id": id, "deleted": true })
    );
    admin.delete(&path).await.error(404, "swarm_not_found");
    assert_eq!(admin.get(&agent).await.data(200)["swarm"], Value::Null);
    assert_eq!(admin.get("/v1/swarms").await.body, json!({ "data": [] }));
}

#[tokio::test]
async fn slugs_are_an_accounts_own() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let (admin, stranger) = (app.admin().await, app.stranger(&["admin"]).await);
    let slug = async |client: &Client, name: &str| {
        let made = client.post("/v1/swarms", json!({ "name": name })).await;
        made.data(201)["slug"].as_str().unwrap().to_owned()
    };
    assert_eq!(slug(&admin, "R & D").await, "r-d");
    assert_eq!(slug(&admin, "r/d").await, "r-d-2");
    assert_eq!(slug(&stranger, "R & D").await, "r-d");
    assert_eq!(slug(&admin, "日本").await, "swarm");
}

#[tokio::test]
async fn what_a_swarm_is_made_of_is_checked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let made = admin
        .post("/v1/swarms", json!({ "name": "Growth" }))
        .await
        .data(201);
    let path = format!("/v1/swarms/{}", made["id"].as_str().unwrap());
    for (body, named) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(101) }), "name"),
        (
            json!({ "name": "A", "description": "x".repeat(1001) }),
            "description",
        ),
        (json!({ "name": "A", "icon": "x".repeat(65) }), "icon"),
        (json!({ "name": "A", "icon": 5 }), "icon"),
        (json!({ "name": "A\0" }), "U+0000"),
    ] {
        for answer in [
            admin.post("/v1/swarms", body.clone()).await,
            admin.patch(&path, body.clone()).await,
        ] {
            let message = answer.error(400, "validation_error");
            assert!(message.contains(named), "{body}: {message}");
        }
    }
    let message = admin
        .post("/v1/swarms", json!({}))
        .await
        .error(400, "validation_error");
    assert!(message.contains("name"), "{message}");
    let fits =
        json!({ "name": "x".repeat(100), "description": "é".repeat(1000), "icon": "x".repeat(64) });
    admin.patch(&path, fits).await.data(200);
    // Nothing of it was changed by an empty change, and null means absent where it cannot clear.
    let before = admin.get(&path).await.data(200);
    admin.patch(&path, json!({ "name": null })).await.data(200);
    assert_eq!(admin.get(&path).await.data(200), before);

    for (secrets, named) in [
        (json!({ "secrets": { "TOKEN": "x" } }), "TOKEN"),
        (
            json!({ "secrets": { "telegramBotToken": "x" } }),
            "telegram_bot_token",
        ),
        (
            json!({ "secrets": { "googleApiKey": "x".repeat(4097) } }),
            "google_api_key: must have at most 4096",
        ),
        (json!({ "deleteSecrets": ["TOKEN"] }), "TOKEN"),
        (
            json!({ "secrets": { "anthropicApiKey": 5 } }),
            "anthropic_api_key",
        ),
    ] {
        let answer = admin.patch(&format!("{path}/secrets"), secrets).await;
        let message = answer.error(400, "validation_error");
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn an_agent_joins_only_a_swarm_of_its_account() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let (admin, stranger) = (app.admin().await, app.stranger(&["admin"]).await);
    let made = admin
        .post("/v1/swarms", json!({ "name": "Growth" }))
        .await
        .data(201);
    for (client, swarm) in [(&stranger, &made["id"]), (&admin, &json!("no such id"))] {
        let agent = json!({ "name": "Ada", "swarmId": swarm });
        client
            .post("/v1/agents", agent)
            .await
            .error(404, "swarm_not_found");
    }
    let null = json!({ "name": "Ada", "swarmId": null });
    admin.post("/v1/agents", null).await.data(201);
}

#[tokio::test]
async fn a_plan_without_swarms_makes_none() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let made = admin
        .post("/v1/swarms", json!({ "name": "Growth" }))
        .await
        .data(201);
    let none = AccountChanges {
        allows_swarms: Some(false),
        ..AccountChanges::default()
    };
    app.store.set_account(&admin.account, none).await.unwrap();
    let refused = admin.post("/v1/swarms", json!({ "name": "Sales" })).await;
    let message = refused.error(403, "forbidden");
    assert!(message.contains("swarms"), "{message}");
    // What is there stays the account's.
    let path = format!("/v1/swarms/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.data(200);
}

/// An agent without a credential uses its swarm's, and its own before that; the swarm's comes before the operator's.
#[tokio::test]
async fn agents_fall_back_to_their_swarms_credential() {
    let peer =
        FakeAnthropic::start((0..4).map(|_| Reply::Answer(vec![Block::text("Hello.")]))).await;
    let app = TestApp::start(Setup {
        anthropic_base_url: peer.base_url().to_owned(),
        anthropic_key: Some("sk-ant-operator"),
        default_provider: None,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let made = admin
        .post("/v1/swarms", json!({ "name": "Growth" }))
        .await
        .data(201);
    let swarm = made["id"].as_str().unwrap();
    let secrets = format!("/v1/swarms/{swarm}/secrets");
    let agent = json!({ "name": "Ada", "swarmId": swarm });
    let agent = admin.post("/v1/agents", agent).await.data(201);
    let agent = agent["id"].as_str().unwrap();
    let used = async || {
        let events = admin.chat(agent, "hi").await.all().await;
        assert_eq!(events.last().unwrap().json()["type"], "done");
        let said = format!("{events:?}");
        assert!(!said.contains("sk-ant-"), "{said}");
        peer.asked().last().unwrap().headers["x-api-key"].clone()
    };
    assert_eq!(used().await, "sk-ant-operator");
    let set = json!({ "secrets": { "anthropicApiKey": "sk-ant-swarm" } });
    assert_eq!(
        admin.patch(&secrets, set).await.data(200),
        json!({ "updated": true })
    );
    admin.get(&secrets).await.error(405, "method_not_allowed");
    assert_eq!(used().await, "sk-ant-swarm");
    let own = json!({ "secrets": { "anthropicApiKey": "sk-ant-own" } });
    let path = format!("/v1/agents/{agent}");
    admin.patch(&format!("{path}/secrets"), own).await.data(200);
    assert_eq!(used().await, "sk-ant-own");
    let none = json!({ "deleteSecrets": ["anthropic_api_key"] });
    admin
        .patch(&format!("{path}/secrets"), none)
        .await
        .data(200);
    admin.delete(&format!("/v1/swarms/{swarm}")).await.data(200);
    assert_eq!(used().await, "sk-ant-operator");
}

#[tokio::test]
async fn a_swarms_credential_is_enough_to_make_an_agent() {
    let app = TestApp::start(Setup {
        default_provider: None,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let made = admin
        .post("/v1/swarms", json!({ "name": "Growth" }))
        .await
        .data(201);
    let swarm = made["id"].as_str().unwrap();
    let agent = json!({ "name": "Ada", "swarmId": swarm });
    admin
        .post("/v1/agents", agent.clone())
        .await
        .error(400, "validation_error");
    let secrets = format!("/v1/swarms/{swarm}/secrets");
    let set = json!({ "secrets": { "anthropicApiKey": "sk-ant-swarm" } });
    admin.patch(&secrets, set).await.data(200);
    let made = admin.post("/v1/agents", agent).await.data(201);
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    let shown = async || admin.get(&path).await.data(200)["config"]["llmProvider"].clone();
    assert_eq!(shown().await, "anthropic");
    let none = json!({ "deleteSecrets": ["anthropicApiKey"] });
    admin.patch(&secrets, none).await.data(200);
    assert_eq!(shown().await, Value::Null, "a change is seen at once");
}
