//! Whose knowledge an agent uses: its own, or that of the swarm that it belongs to.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::postgres;

use super::{found, ingest, listed, texts};

#[tokio::test]
async fn on_sqlite() {
    agents_join_and_leave(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    agents_join_and_leave(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn swarm(client: &Client) -> String {
    let made = client
        .post("/v1/swarms", json!({ "name": "Support" }))
        .await
        .data(201);
    made["id"].as_str().unwrap().to_owned()
}

async fn belongs_to(client: &Client, agent: &str, swarm: Value) {
    let path = format!("/v1/agents/{agent}");
    client
        .patch(&path, json!({ "swarmId": swarm }))
        .await
        .data(200);
}

async fn agents_join_and_leave(setup: Setup) {
    let app = TestApp::start(setup).await;
    let client = app.admin().await;
    let (agent, colleague, swarm) = (
        client.agent().await,
        client.agent().await,
        swarm(&client).await,
    );
    ingest(
        &client,
        &agent,
        "own.md",
        &["The agent's own note about penguins."],
    )
    .await;
    let body = json!({ "swarmId": swarm, "chunks": [{ "text": "The swarm's note about penguins.", "source": "shared.md" }] });
    client.post("/v1/knowledge/ingest", body).await.data(200);

    belongs_to(&client, &agent, json!(swarm)).await;
    belongs_to(&client, &colleague, json!(swarm)).await;
    assert_eq!(
        found(&client, &agent, "penguins").await,
        ["The swarm's note about penguins."]
    );
    assert_eq!(
        listed(&client, &agent).await,
        ["The swarm's note about penguins."]
    );
    ingest(
        &client,
        &agent,
        "more.md",
        &["What one agent of a swarm stores, all of them find."],
    )
    .await;
    assert_eq!(
        found(&client, &colleague, "stores").await[0],
        "What one agent of a swarm stores, all of them find."
    );
    let of_swarm = texts(client.get(&format!("/v1/knowledge?swarmId={swarm}")).await);
    assert_eq!(of_swarm, listed(&client, &colleague).await);
    assert_eq!(of_swarm.len(), 2);
    client
        .delete(&format!("/v1/knowledge?agentId={colleague}&source=more.md"))
        .await
        .data(200);
    assert_eq!(listed(&client, &agent).await.len(), 1);

    belongs_to(&client, &agent, Value::Null).await;
    assert_eq!(
        listed(&client, &agent).await,
        ["The agent's own note about penguins."]
    );
    assert_eq!(
        found(&client, &agent, "penguins").await,
        ["The agent's own note about penguins."]
    );
    let stranger = app.stranger(&["admin"]).await;
    stranger
        .get(&format!("/v1/knowledge?swarmId={swarm}"))
        .await
        .error(404, "swarm_not_found");
    let body = json!({ "swarmId": swarm, "query": "penguins", "chunks": [{ "text": "a", "source": "b" }] });
    stranger
        .post("/v1/knowledge/search", body.clone())
        .await
        .error(404, "swarm_not_found");
    stranger
        .post("/v1/knowledge/ingest", body)
        .await
        .error(404, "swarm_not_found");

    client
        .delete(&format!("/v1/swarms/{swarm}"))
        .await
        .data(200);
    assert!(listed(&client, &colleague).await.is_empty());
    client
        .get(&format!("/v1/knowledge?swarmId={swarm}"))
        .await
        .error(404, "swarm_not_found");
}
