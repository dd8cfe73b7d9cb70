//! Knowledge with an embedding model: what a duplicate is, what is near, and what becomes of it when the model changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::json;
use skillgate_agent::embedding::{Embedder, HashedNgrams, OpenAiEmbedder, OpenAiEmbedderConfig};
use skillgate_agent::{HttpClient, RetryPolicy};
use skillgate_service::config::{KnowledgeLimits, ServiceLimits};
use skillgate_tests::app::{Setup, TestApp};
use skillgate_tests::fake_embeddings::FakeEmbeddings;

use super::{found, ingest, listed};

/// The direction that a text names: `word 18` points 18 degrees away from `word 0`.
fn direction(text: &str) -> Vec<f32> {
    let degrees: f32 = text.rsplit(' ').next().unwrap().parse().unwrap_or(90.0);
    let (sin, cos) = degrees.to_radians().sin_cos();
    vec![cos, sin]
}

async fn app(embedder: Arc<dyn Embedder>) -> TestApp {
    TestApp::start(Setup {
        embedder,
        ..Setup::default()
    })
    .await
}

#[tokio::test]
async fn a_cosine_of_95_hundredths_is_a_duplicate() {
    let peer = FakeEmbeddings::start(|text| Ok(direction(text))).await;
    let app = app(peer.embedder("model")).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    // The cosine of 18 degrees is 0.951, that of 19 is 0.946.
    let stored = ingest(
        &client,
        &agent,
        "s",
        &["zero 0", "eighteen 18", "nineteen 19"],
    )
    .await;
    assert_eq!(stored, json!({ "stored": 2, "skipped": 1, "total": 3 }));
    assert_eq!(listed(&client, &agent).await, ["zero 0", "nineteen 19"]);
    let stored = ingest(&client, &agent, "s", &["near to the second 36", "far 40"]).await;
    assert_eq!(stored, json!({ "stored": 1, "skipped": 1, "total": 2 }));
    // No word of the query is in any entry: what is near comes first, and what points away not at all.
    ingest(&client, &agent, "s", &["away 150"]).await;
    assert_eq!(
        found(&client, &agent, "query 41").await,
        ["far 40", "nineteen 19", "zero 0"]
    );
    let asked = &peer.asked()[0];
    assert_eq!(
        asked.authorization.as_deref(),
        Some("Bearer sk-embedding-key")
    );
    assert_eq!(
        asked.body,
        json!({ "model": "model", "input": ["zero 0", "eighteen 18", "nineteen 19"], "encoding_format": "float" })
    );
}

#[tokio::test]
async fn a_provider_that_fails_stores_nothing_and_searches_go_on_by_words() {
    let status = Arc::new(AtomicU16::new(0));
    let failing = status.clone();
    let peer = FakeEmbeddings::start(move |text| match failing.load(Ordering::SeqCst) {
        0 => Ok(direction(text)),
        status => Err(status),
    })
    .await;
    let app = app(peer.embedder("model")).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    ingest(&client, &agent, "s", &["tariffs 10"]).await;
    for refused in [401, 429, 500] {
        status.store(refused, Ordering::SeqCst);
        let body = json!({ "agentId": agent, "chunks": [{ "text": "new 90", "source": "s" }] });
        let told = client
            .post("/v1/knowledge/ingest", body)
            .await
            .error(502, "provider_error");
        assert!(!told.contains("sk-"), "{told}");
        assert_eq!(found(&client, &agent, "tariffs").await, ["tariffs 10"]);
    }
    assert_eq!(listed(&client, &agent).await, ["tariffs 10"]);
}

#[tokio::test]
async fn another_model_embeds_anew_and_never_compares_with_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let database = Some(format!("sqlite://{}", folder.path().join("a.db").display()));
    let setup = |embedder: Arc<dyn Embedder>| Setup {
        embedder,
        database: database.clone(),
        ..Setup::default()
    };
    let mut before = TestApp::start(setup(Arc::new(HashedNgrams))).await;
    let client = before.admin().await;
    let agent = client.agent().await;
    let texts: Vec<String> = (0..70)
        .map(|number| format!("text{number} {}", number * 2))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    ingest(&client, &agent, "s", &texts[..69]).await;
    ingest(&client, &agent, "s", &["refused 5"]).await;
    let all = listed(&client, &agent).await.len();
    before.stop().await;

    // The new model refuses one text for good: the others are embedded all the same.
    let peer = FakeEmbeddings::start(|text| match text {
        "refused 5" => Err(400),
        text => Ok(direction(text)),
    })
    .await;
    let embedder = peer.embedder("new-model");
    let after = TestApp::start(setup(embedder.clone())).await;
    let client = client.at(&after.url);
    let done = async {
        while after
            .store
            .count_outdated_knowledge(embedder.name())
            .await
            .unwrap()
            > 0
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), done)
        .await
        .expect("all are embedded anew");
    assert_eq!(found(&client, &agent, "query 30").await[0], "text15 30");
    // 250 degrees point away from all entries, so that words alone find.
    assert_eq!(found(&client, &agent, "refused 250").await, ["refused 5"]);
    let stored = ingest(
        &client,
        &agent,
        "s",
        &["another 31", "refused to be alike 140"],
    )
    .await;
    assert_eq!(stored, json!({ "stored": 0, "skipped": 2, "total": 2 }));
    assert_eq!(listed(&client, &agent).await.len(), all.min(50));
}

#[tokio::test]
async fn a_search_goes_on_by_words_when_the_provider_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let database = Some(format!("sqlite://{}", folder.path().join("a.db").display()));
    let mut before = TestApp::start(Setup {
        database: database.clone(),
        ..Setup::default()
    })
    .await;
    let client = before.admin().await;
    let agent = client.agent().await;
    ingest(&client, &agent, "s", &["tariffs", "another text"]).await;
    before.stop().await;

    // Connections are made, because it listens, and nothing is ever read.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let embedder = OpenAiEmbedder::new(OpenAiEmbedderConfig {
        http: HttpClient::default(),
        base_url: format!("http://{}/v1", silent.local_addr().unwrap()),
        api_key: None,
        model: "silent".to_owned(),
        dimension: 2,
        retry: RetryPolicy::default(),
    });
    let knowledge = KnowledgeLimits {
        query_patience: Duration::from_millis(1),
        ..KnowledgeLimits::default()
    };
    let after = TestApp::start(Setup {
        embedder: Arc::new(embedder),
        database,
        limits: ServiceLimits {
            knowledge,
            ..ServiceLimits::default()
        },
        ..Setup::default()
    })
    .await;
    let client = client.at(&after.url);
    assert_eq!(found(&client, &agent, "tariffs").await, ["tariffs"]);
}
