//! `POST /v1/knowledge/ingest` and `/search` in a knowledge base that is full: 100,000 entries of a hundred words, with the embedder that
//! needs no model. The vectors are in memory, as they are after the first search; what that one takes is a figure of its own.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};

use crate::figure;

/// Entries of the knowledge base, and of one request.
const ENTRIES: usize = 100_000;
const CHUNKS: usize = 100;
/// Words of an entry, and different words of all: the n-th is used 1/n times as often as the first.
const WORDS: usize = 100;
const VOCABULARY: f64 = 50_000.0;
/// Searches that are timed, and requests with chunks.
const SEARCHES: usize = 200;
const INGESTS: usize = 20;

/// Measures a knowledge base as large as one may be, and what filling it takes at its end.
pub(crate) async fn measure() {
    let mut setup = Setup {
        rate_limit: u32::MAX,
        ..Setup::default()
    };
    setup.limits.knowledge.scope_entries = (ENTRIES + CHUNKS) as i64;
    let app = TestApp::start(setup).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    let mut writer = Writer(1);
    let mut ingests = Vec::new();
    for _ in 0..ENTRIES / CHUNKS {
        ingests.push(ingest(&client, &agent, &mut writer).await);
    }
    let last = &ingests[ingests.len() - INGESTS..];
    report(
        "ingest of 100 chunks of 100 words into 100,000 entries, p50",
        last,
        0.5,
        "≤ 500 ms",
    );

    let mut searches = Vec::new();
    for _ in 0..SEARCHES {
        searches.push(search(&client, &agent, &writer.text(6)).await);
    }
    report(
        "search of 6 words in 100,000 entries, p50",
        &searches,
        0.5,
        "≤ 50 ms",
    );
    report("the same, p95", &searches, 0.95, "≤ 50 ms");
    let common = ["w0 w1 w2 w3 w4 w5 w6 w7", "w0"];
    let mut searches = Vec::new();
    for number in 0..SEARCHES {
        searches.push(search(&client, &agent, common[number % 2]).await);
    }
    report(
        "search of words that most entries hold, p95",
        &searches,
        0.95,
        "≤ 50 ms",
    );
    cold(&app, &client, &agent).await;
}

/// A deletion makes no vectors be read again; a new server reads all.
async fn cold(app: &TestApp, client: &Client, agent: &str) {
    let first = client
        .get(&format!("/v1/knowledge?agentId={agent}&limit=1"))
        .await
        .data(200);
    let id = first[0]["id"].as_str().unwrap();
    client
        .delete(&format!("/v1/knowledge?agentId={agent}&id={id}"))
        .await
        .data(200);
    let after = search(client, agent, "w10 w100").await;
    report("the first search after a deletion", &[after], 0.5, "-");
    let database = Some(format!(
        "sqlite://{}",
        app.state().with_file_name("test.db").display()
    ));
    let second = TestApp::start(Setup {
        database,
        rate_limit: u32::MAX,
        ..Setup::default()
    })
    .await;
    let client = client.clone().at(&second.url);
    let first = search(&client, agent, "w10 w100").await;
    report("the first search after a start", &[first], 0.5, "-");
}

fn report(what: &str, times: &[Duration], part: f64, goal: &str) {
    let time = figure::time(figure::quantile(times, part));
    figure::print(what, &time, "-", goal);
}

async fn ingest(client: &Client, agent: &str, writer: &mut Writer) -> Duration {
    let chunk = |_| json!({ "text": writer.text(WORDS), "source": "bench" });
    let chunks: Vec<Value> = (0..CHUNKS).map(chunk).collect();
    let body = json!({ "agentId": agent, "chunks": chunks });
    let begun = Instant::now();
    let answer = client.post("/v1/knowledge/ingest", body).await.data(200);
    let took = begun.elapsed();
    assert!(answer["stored"].as_u64().unwrap() > 90, "{answer}");
    took
}

async fn search(client: &Client, agent: &str, query: &str) -> Duration {
    let body = json!({ "agentId": agent, "query": query });
    let begun = Instant::now();
    let found = client.post("/v1/knowledge/search", body).await.data(200);
    let took = begun.elapsed();
    assert_eq!(found.as_array().unwrap().len(), 10);
    took
}

/// Writes texts of words that are as frequent as those of a language.
struct Writer(u64);

impl Writer {
    fn text(&mut self, words: usize) -> String {
        let words: Vec<String> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }

    fn word(&mut self) -> String {
        // The generator of PCG, by O'Neill, without its output function: nothing here depends on its quality.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let random = (self.0 >> 33) as f64 / f64::from(1_u32 << 31);
        format!("w{}", VOCABULARY.powf(random) as u64 - 1)
    }
}
