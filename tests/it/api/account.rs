//! The account: its plan, limits and usage, and the models of its tiers.

use futures::future::join_all;
use serde_json::{Value, json};
use skillgate_store::AccountChanges;
use skillgate_tests::app::{Setup, TestApp};
use skillgate_tests::postgres;

async fn pro(app: &TestApp, account: &str, max_agents: i64) {
    let changes = AccountChanges {
        name: Some("My Company".to_owned()),
        plan: Some("Pro".to_owned()),
        max_agents: Some(Some(max_agents)),
        max_skills_per_agent: Some(Some(20)),
        ..AccountChanges::default()
    };
    app.store.set_account(account, changes).await.unwrap();
}

/// The documented sample, field by field; the id is the server's own. `features` has what this server's plans tell apart.
#[tokio::test]
async fn an_account_shows_its_plan_and_what_it_uses() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    pro(&app, &admin.account, 10).await;
    for number in 0..3 {
        let agent = admin.agent().await;
        if number == 0 {
            let path = format!("/v1/agents/{agent}/stop");
            admin.post(&path, json!({})).await.data(200);
        }
    }
    // Any valid key may ask.
    let shown = app
        .client(&["logs"])
        .await
        .get("/v1/account")
        .await
        .data(200);
    let sample = json!({
        "id": admin.account,
        "name": "My Company",
        "plan": {
            "id": "plan_pro",
            "name": "Pro",
            "status": "active",
            "limits": { "maxAgents": 10, "maxSkillsPerAgent": 20 },
            "features": { "api_access": true, "swarms": true },
        },
        "usage": { "agents": 3, "runningAgents": 2 },
        "modelTiers": { "low": [], "medium": [], "high": [] },
    });
    assert_eq!(shown, sample);
}

#[tokio::test]
async fn a_plans_limits_hold_on_sqlite() {
    limits_hold(Setup::default()).await;
}

#[tokio::test]
async fn a_plans_limits_hold_on_postgres() {
    let database = Some(postgres::database().await);
    limits_hold(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

/// Of several agents made at once, exactly as many as the plan allows.
async fn limits_hold(setup: Setup) {
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    pro(&app, &admin.account, 3).await;
    let create = || admin.post("/v1/agents", json!({ "name": "Ada" }));
    let answers = join_all((0..8).map(|_| create())).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        let message = refused.error(403, "limit_reached");
        assert!(message.contains("allows 3"), "{message}");
    }
    let agents = admin.get("/v1/agents").await.data(200);
    let path = format!("/v1/agents/{}", agents[0]["id"].as_str().unwrap());
    admin.delete(&path).await.data(200);
    create().await.data(201);
}

#[tokio::test]
async fn model_tiers_are_replaced_and_shown() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = "/v1/account/model-tiers";
    let put = async |body: Value| {
        let request = admin.request(reqwest::Method::PUT, path);
        admin.send(request.json(&body)).await
    };
    let tiers = json!({
        "low": ["demo/demo"],
        "medium": ["anthropic/claude-haiku-4-5", "demo/demo"],
        "high": ["anthropic/claude-opus-4-6"],
    });
    assert_eq!(put(tiers.clone()).await.data(200), tiers);
    let shown = admin.get("/v1/account").await.data(200);
    assert_eq!(shown["modelTiers"], tiers);
    let rest = json!({ "low": [], "medium": [], "high": ["demo/demo"] });
    assert_eq!(put(json!({ "high": ["demo/demo"] })).await.data(200), rest);

    for (body, named) in [
        (json!({ "low": ["claude"] }), "low[0]"),
        (
            json!({ "low": ["demo/demo", "hal/9000"] }),
            "low[1]: the provider `hal`",
        ),
        (json!({ "high": ["demo/a b"] }), "high[0]"),
        (json!({ "medium": vec!["demo/demo"; 17] }), "at most 16"),
        (json!({ "high": "demo/demo" }), "high"),
    ] {
        let message = put(body.clone()).await.error(400, "validation_error");
        assert!(message.contains(named), "{body}: {message}");
    }
    assert_eq!(admin.get("/v1/account").await.data(200)["modelTiers"], rest);
}
