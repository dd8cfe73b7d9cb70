//! Agents' logs: lines and answers are bounded in bytes.

use serde_json::json;
use skillgate_service::config::{PageLimits, ServiceLimits};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::sse::Events;

/// Writes a line with the names of 60 secrets of 100 characters, none of which is there.
async fn write_long_line(client: &Client, agent: &str) {
    let names: Vec<String> = (0..60).map(|number| format!("S{number:099}")).collect();
    let body = json!({ "secrets": {}, "deleteSecrets": names });
    client
        .patch(&format!("/v1/agents/{agent}/secrets"), body)
        .await
        .data(200);
}

async fn tail(client: &Client, agent: &str) -> Vec<String> {
    let path = format!("/v1/agents/{agent}/logs?tail=10000");
    let data = client.get(&path).await.data(200);
    let text = data["logs"].as_str().unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_line_that_the_host_writes_is_cut() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    write_long_line(&admin, &agent).await;
    let lines = tail(&admin, &agent).await;
    let line = lines.last().unwrap();
    assert!(
        line.contains("Secrets changed") && line.ends_with("bytes more)"),
        "{line}"
    );
    assert!(line.len() < 4_300, "{}", line.len());
}

#[tokio::test]
async fn the_newest_lines_that_fit_are_answered_and_a_follower_gets_all() {
    let limits = ServiceLimits {
        pages: PageLimits {
            log: 20_000,
            followed: 5_000,
            ..PageLimits::default()
        },
        ..ServiceLimits::default()
    };
    let app = TestApp::start(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    for _ in 0..8 {
        write_long_line(&admin, &agent).await;
    }
    admin
        .post(&format!("/v1/agents/{agent}/stop"), json!({}))
        .await
        .data(200);
    let lines = tail(&admin, &agent).await;
    assert_eq!(
        lines.len(),
        5,
        "four long lines, and the one about the stop"
    );
    assert!(lines[4].ends_with("Agent stopped"), "{}", lines[4]);

    let path = format!("/v1/agents/{agent}/logs/stream?tail=9");
    let stream = admin.request(reqwest::Method::GET, &path).send().await;
    let mut stream = Events::of(stream.unwrap());
    for number in 0..9 {
        let line = stream.next().await.unwrap().data;
        assert_eq!(
            line.contains("Secrets changed"),
            number < 8,
            "{number}: {line}"
        );
    }
}
