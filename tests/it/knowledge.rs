//! Knowledge: stored, listed, searched, deleted, and used by agents.

mod embedding;
mod input;
mod limits;
mod scopes;
mod story;
mod tool;

use serde_json::{Value, json};
use skillgate_tests::app::{Answer, Client};

/// Stores texts, all from one source, in an agent's knowledge.
async fn ingest(client: &Client, agent: &str, source: &str, texts: &[&str]) -> Value {
    let chunks: Vec<Value> = texts
        .iter()
        .map(|text| json!({ "text": text, "source": source }))
        .collect();
    let body = json!({ "agentId": agent, "chunks": chunks });
    client.post("/v1/knowledge/ingest", body).await.data(200)
}

/// The texts that a search for `query` finds in an agent's knowledge, the best first.
async fn found(client: &Client, agent: &str, query: &str) -> Vec<String> {
    let body = json!({ "agentId": agent, "query": query });
    texts(client.post("/v1/knowledge/search", body).await)
}

/// All texts of an agent's knowledge, in order.
async fn listed(client: &Client, agent: &str) -> Vec<String> {
    texts(client.get(&format!("/v1/knowledge?agentId={agent}")).await)
}

#[track_caller]
fn texts(answer: Answer) -> Vec<String> {
    let data = answer.data(200);
    let entries = data.as_array().unwrap().iter();
    entries
        .map(|entry| entry["text"].as_str().unwrap().to_owned())
        .collect()
}
