//! How much knowledge there may be.

use serde_json::json;
use skillgate_service::config::{KnowledgeLimits, ServiceLimits};
use skillgate_tests::app::{Client, Setup, TestApp};

use super::{ingest, listed};

async fn app(knowledge: KnowledgeLimits) -> (TestApp, Client) {
    let app = TestApp::start(Setup {
        limits: ServiceLimits {
            knowledge,
            ..ServiceLimits::default()
        },
        ..Setup::default()
    })
    .await;
    let client = app.admin().await;
    (app, client)
}

async fn refused(client: &Client, agent: &str, texts: &[&str]) -> String {
    let chunks: Vec<_> = texts
        .iter()
        .map(|text| json!({ "text": text, "source": "s" }))
        .collect();
    let body = json!({ "agentId": agent, "chunks": chunks });
    let answer = client.post("/v1/knowledge/ingest", body).await;
    answer.error(403, "limit_reached")
}

#[tokio::test]
async fn a_knowledge_base_has_so_many_entries() {
    let (_app, client) = app(KnowledgeLimits {
        scope_entries: 3,
        ..KnowledgeLimits::default()
    })
    .await;
    let agent = client.agent().await;
    ingest(&client, &agent, "s", &["alpha", "beta"]).await;
    let told = refused(&client, &agent, &["gamma", "delta"]).await;
    assert!(told.contains("4 entries; it may have 3"), "{told}");
    assert_eq!(
        listed(&client, &agent).await,
        ["alpha", "beta"],
        "all are stored, or none"
    );
    ingest(&client, &agent, "s", &["gamma", "alpha"]).await;
    client
        .delete(&format!("/v1/knowledge?agentId={agent}&source=s"))
        .await
        .data(200);
    ingest(&client, &agent, "s", &["gamma", "delta", "epsilon"]).await;
    let other = client.agent().await;
    ingest(&client, &other, "s", &["another agent has its own"]).await;
}

#[tokio::test]
async fn an_account_has_so_many_bytes() {
    let (app, client) = app(KnowledgeLimits {
        account_bytes: 1_000,
        ..KnowledgeLimits::default()
    })
    .await;
    let (agent, other) = (client.agent().await, client.agent().await);
    ingest(
        &client,
        &agent,
        "s",
        // Its vector has 512 bytes, and each word is a term of 16.
        &["a text of about fifty bytes with its metadata"],
    )
    .await;
    let told = refused(
        &client,
        &other,
        &["another text that has about as many bytes as it"],
    )
    .await;
    assert!(told.contains("it may have 1000"), "{told}");
    client
        .delete(&format!(
            "/v1/knowledge?agentId={agent}&all=true&confirm=true"
        ))
        .await
        .data(200);
    ingest(
        &client,
        &other,
        "s",
        &["another text that has about as many bytes as it"],
    )
    .await;
    let stranger = app.stranger(&["admin"]).await;
    let own = stranger.agent().await;
    ingest(
        &stranger,
        &own,
        "s",
        &["another account has its own thousand bytes to use"],
    )
    .await;
}

#[tokio::test]
async fn those_who_add_the_same_at_the_same_time_add_it_once() {
    let (_app, client) = app(KnowledgeLimits::default()).await;
    let agent = client.agent().await;
    let same = || ingest(&client, &agent, "s", &["The same text from everybody."]);
    let (a, b, c, d) = tokio::join!(same(), same(), same(), same());
    let stored: u64 = [a, b, c, d]
        .iter()
        .map(|one| one["stored"].as_u64().unwrap())
        .sum();
    assert_eq!(stored, 1);
    assert_eq!(listed(&client, &agent).await.len(), 1);
}
