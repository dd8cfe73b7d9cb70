//! Secrets in what tools give back: found, quickly, and not without limit in number.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use skillgate_tests::app::TestApp;
use skillgate_tests::skills;

/// How long `/healthz` may take while a result is cleaned. The aim is 100 ms on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(1);

fn call(tool: &str, arguments: Value) -> Value {
    json!({ "type": "tool_call", "name": tool, "arguments": arguments })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_nothing_but_secrets_blocks_nobody() {
    // 900,000 times the same letter: 150,000 times the secret.
    let write = json!({ "path": "/data/x", "bytes": 900_000 });
    let read = call("probe__read_file", json!({ "path": "/data/x" }));
    let app = TestApp::with_script(json!({ "turns": [
        { "parts": [call("probe__write_many", write)] },
        { "parts": vec![read; 8] },
        { "parts": [{ "type": "text", "text": "xxxxxx".repeat(100_000) }] },
    ] }))
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    // Eight guests read at the same time, beside all other tests: how long that takes is not what is tested.
    let manifest = skills::manifest("probe")
        .replace("output: 256KiB", "output: 1MiB")
        .replace("timeout: 5s", "timeout: 30s");
    assert!(manifest.contains("timeout: 30s"));
    let package = skills::package(&manifest, &skills::component("probe"));
    let package = skills::sign_with_its_tools(package, &key).await;
    admin.equip(&agent, &package, &key).await;
    let path = format!("/v1/agents/{agent}/secrets");
    let secrets = json!({ "secrets": { "LETTERS": "xxxxxx", "MORE": "x".repeat(10_000) } });
    admin.patch(&path, secrets).await.data(200);

    let mut events = admin.chat(&agent, "go").await;
    let whole = tokio::spawn(async move {
        let mut results = Vec::new();
        while let Some(event) = events.next().await {
            if event.json()["type"] == "tool_result" {
                results.push(event.json());
            }
        }
        results
    });
    let mut slowest = Duration::ZERO;
    while !whole.is_finished() {
        let begun = Instant::now();
        assert_eq!(app.anonymous().get("/healthz").await.status, 200);
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < PATIENCE, "/healthz took {slowest:?}");
    let results = whole.await.unwrap();
    assert_eq!(results.len(), 9);
    for result in &results[1..] {
        let content = result["content"].as_str().unwrap();
        assert!(content.starts_with("[redacted]"), "{content:.100}");
        assert!(!content.contains("xxxxxx") && content.len() < 66_000);
    }
}

#[tokio::test]
async fn an_agents_secrets_are_limited_in_number_and_in_bytes() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}/secrets");
    let set = |from: usize, to: usize, length: usize| {
        let value = |n| (format!("S{n}"), "x".repeat(length));
        let secrets: BTreeMap<String, String> = (from..to).map(value).collect();
        json!({ "secrets": secrets })
    };
    admin.patch(&path, set(0, 60, 10)).await.data(200);
    let refused = admin.patch(&path, set(60, 70, 10)).await;
    let message = refused.error(403, "limit_reached");
    assert!(
        message.contains("70") && message.contains("64"),
        "{message}"
    );
    admin.patch(&path, set(60, 64, 10)).await.data(200);
    admin.patch(&path, set(0, 64, 10)).await.data(200);
    let more = admin.patch(&path, set(64, 65, 10)).await;
    more.error(403, "limit_reached");
    let large = admin.patch(&path, set(0, 2, 8_100)).await;
    large.error(403, "limit_reached");

    let names: Vec<String> = (0..65).map(|n| format!("S{n}")).collect();
    let delete = json!({ "deleteSecrets": names });
    admin
        .patch(&path, delete)
        .await
        .error(400, "validation_error");
    let delete = json!({ "deleteSecrets": names[..64] });
    admin.patch(&path, delete).await.data(200);
    admin.patch(&path, set(0, 2, 8_100)).await.data(200);
    let wish = json!({ "name": "Ada", "secrets": set(0, 3, 8_000)["secrets"] });
    let created = admin.post("/v1/agents", wish).await;
    created.error(400, "validation_error");
}
