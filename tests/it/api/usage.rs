//! Usage: what runs used, by agent, model, skill and day.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::fake_anthropic::{Block, FakeAnthropic, Reply};
use skillgate_tests::{postgres, skills};

#[tokio::test]
async fn on_sqlite() {
    runs_are_counted(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    runs_are_counted(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn usage(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/usage{query}")).await.data(200)
}

async fn runs_are_counted(setup: Setup) {
    let script = json!({ "repeat": true, "turns": [
        { "parts": [{ "type": "tool_call", "name": "echo__echo", "arguments": { "text": "42" } }],
          "usage": { "inputTokens": 10, "outputTokens": 5 } },
        { "parts": [{ "type": "text", "text": "It is 42." }], "usage": { "inputTokens": 20, "outputTokens": 7 } },
    ] });
    let app = TestApp::start(Setup { script, ..setup }).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;
    for _ in 0..2 {
        admin.chat(&agent, "What is it?").await.until("done").await;
    }

    let report = usage(&admin, "").await;
    let today = app.store.now().to_string()[..10].to_owned();
    assert_eq!(
        (&report["to"], &report["groupBy"]),
        (&json!(today), &json!("day"))
    );
    let sandbox = report["total"]["sandboxUs"].as_i64().unwrap();
    assert!(sandbox > 0);
    let total = json!({
        "runs": 2, "modelCalls": 4, "inputTokens": 60, "outputTokens": 24, "costUsd": 0.0,
        "toolCalls": 2, "sandboxUs": sandbox, "egressBytes": 0,
    });
    assert_eq!(report["total"], total);
    let with_id = |id: &str, amounts: &Value| {
        let mut group = amounts.clone();
        group["id"] = json!(id);
        group
    };
    assert_eq!(report["groups"], json!([with_id(&today, &total)]));

    // It stays when the agent is deleted.
    admin.delete(&format!("/v1/agents/{agent}")).await.data(200);
    let by = async |grouping: &str| {
        let query = format!("?groupBy={grouping}&from={today}&to={today}");
        usage(&admin, &query).await["groups"].clone()
    };
    assert_eq!(by("agent").await, json!([with_id(&agent, &total)]));
    let models = by("model").await;
    let model = json!({
        "id": models[0]["id"], "runs": 2, "modelCalls": 4, "inputTokens": 60, "outputTokens": 24, "costUsd": 0.0,
        "toolCalls": 0, "sandboxUs": 0, "egressBytes": 0,
    });
    assert!(models[0]["id"].as_str().unwrap().starts_with("scripted/"));
    assert_eq!(models, json!([model]));
    let skill = json!({
        "id": "echo", "runs": 2, "modelCalls": 0, "inputTokens": 0, "outputTokens": 0, "costUsd": 0.0,
        "toolCalls": 2, "sandboxUs": sandbox, "egressBytes": 0,
    });
    assert_eq!(by("skill").await, json!([skill]));

    let stranger = app.stranger(&["agents:read"]).await;
    let none = usage(&stranger, "?groupBy=agent").await;
    assert_eq!(
        (&none["total"]["runs"], &none["groups"]),
        (&json!(0), &json!([]))
    );
    let past = usage(&admin, "?from=2020-01-01&to=2020-12-31").await;
    assert_eq!(
        (&past["total"]["runs"], &past["groups"]),
        (&json!(0), &json!([]))
    );
}

#[tokio::test]
async fn money_is_known_or_null() {
    let peer =
        FakeAnthropic::start((0..2).map(|_| Reply::Answer(vec![Block::text("Hello.")]))).await;
    let app = TestApp::start(Setup {
        anthropic_base_url: peer.base_url().to_owned(),
        anthropic_key: Some("sk-ant-operator"),
        default_provider: None,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    for model in ["claude-sonnet-4-6", "claude-of-tomorrow"] {
        let agent = json!({ "name": "Ada", "config": { "model": model } });
        let agent = admin.post("/v1/agents", agent).await.data(201);
        let mut chat = admin.chat(agent["id"].as_str().unwrap(), "hi").await;
        chat.until("done").await;
    }
    let report = usage(&admin, "?groupBy=model").await;
    assert_eq!(
        report["total"]["costUsd"],
        Value::Null,
        "a part is not known"
    );
    let groups = report["groups"].as_array().unwrap();
    let of = |id: &str| groups.iter().find(|group| group["id"] == id).unwrap();
    let known = of("anthropic/claude-sonnet-4-6");
    // The peer says: 4 tokens sent, 8 read from its cache, 6 answered.
    assert_eq!(
        (&known["inputTokens"], &known["outputTokens"]),
        (&json!(12), &json!(6))
    );
    let dollars = (4.0 * 3.0 + 8.0 * 0.3 + 6.0 * 15.0) / 1e6;
    let cost = known["costUsd"].as_f64().unwrap();
    assert!((cost - dollars).abs() < 1e-12, "{known}");
    assert_eq!(of("anthropic/claude-of-tomorrow")["costUsd"], Value::Null);
}

#[tokio::test]
async fn a_period_and_a_grouping_are_checked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    for (query, named) in [
        ("?groupBy=month", "groupBy"),
        ("?from=yesterday", "from"),
        ("?to=2026-02-30", "to"),
        ("?from=2026-02-02&to=2026-02-01", "from"),
        ("?from=2024-01-01&to=2026-01-01", "366 days"),
        ("?from=%00", "U+0000"),
    ] {
        let answer = admin.get(&format!("/v1/usage{query}")).await;
        let message = answer.error(400, "validation_error");
        assert!(message.contains(named), "{query}: {message}");
    }
}
