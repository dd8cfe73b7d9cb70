//! `GET /v1/agents/{id}`: key, scope, sliding window, headers and answer, against one bare read of a row.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use skillgate_store::{AgentStatus, NewAgent};
use skillgate_tests::app::{Client, Setup, TestApp};

use crate::figure;
use crate::floor::BareReads;
use crate::load::Load;

/// Rounds that count; they go server, floor, server, floor, so that both meet the machine's moods.
const ROUNDS: usize = 7;
/// Requests of a round that asks for one agent.
const REQUESTS: usize = 20_000;
/// Agents of the round that asks for each once.
const AGENTS: usize = 2_000;
/// The server may answer from memory what it read within the last second.
const FORGETTING: Duration = Duration::from_millis(1_100);

/// Measures an agent that is asked for all the time, and agents that nobody asked for lately.
pub(crate) async fn measure() {
    // High enough never to refuse; the window is counted all the same.
    let setup = Setup {
        rate_limit: u32::MAX,
        ..Setup::default()
    };
    let mut app = TestApp::start(setup).await;
    let client = app.admin().await;
    let ids = make_agents(&app, &client).await;
    let paths: Vec<String> = ids.iter().map(|id| format!("/v1/agents/{id}")).collect();
    let floor = BareReads::start(&ids, &answer(&client, &paths[0]).await).await;
    let key = client.key.as_deref().unwrap();
    let loads = |paths| [&app.url, &floor.url].map(|url| Load::new(url, key, paths));

    let what = "GET /v1/agents/{id} with key and rate limit, 16 connections";
    let [ours, bare] = alternate(&loads(&paths[..1]), REQUESTS, Duration::ZERO).await;
    report(what, ours, bare, "≥ 1.0 ×");
    let what = "the same, each of 2,000 agents once: none is in memory";
    let [ours, bare] = alternate(&loads(&paths), AGENTS, FORGETTING).await;
    report(what, ours, bare, "≥ 0.9 ×");
    app.stop().await;
}

/// Agents as the API makes them, without a commit's wait for each check on the way.
async fn make_agents(app: &TestApp, client: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..AGENTS {
        let new = NewAgent {
            name: format!("Agent {number}"),
            swarm: None,
            region: "eu".to_owned(),
            image: "skillgate-runtime:bench".to_owned(),
            config: json!({ "llmProvider": "scripted", "model": "test-model" }),
            soul_md: "You are brief.".to_owned(),
            workflow_md: String::new(),
            status: AgentStatus::Running,
            secrets: BTreeMap::new(),
            max_agents: i64::MAX,
        };
        ids.push(
            app.store
                .create_agent(&client.account, new)
                .await
                .unwrap()
                .id,
        );
    }
    ids
}

/// What the server answers, seen to be counted.
async fn answer(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("x-ratelimit-limit"), u32::MAX.to_string());
    assert_ne!(answer.header("x-ratelimit-remaining"), u32::MAX.to_string());
    answer.body.to_string()
}

/// Requests a second of each load: the median of its rounds. `pause` is waited before each round.
async fn alternate(loads: &[Arc<Load>; 2], count: usize, pause: Duration) -> [f64; 2] {
    let mut rates = [Vec::new(), Vec::new()];
    // The first round of each warms up and does not count.
    for round in 0..=ROUNDS {
        for (load, rates) in loads.iter().zip(&mut rates) {
            tokio::time::sleep(pause).await;
            let rate = load.run(count).await;
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    println!("rounds, server and floor: {rates:.0?}");
    rates.map(|rates| figure::median(&rates))
}

fn report(what: &str, ours: f64, bare: f64, goal: &str) {
    let result = format!("{ours:.0} req/s ({:.2} ×)", ours / bare);
    figure::print(what, &result, &format!("{bare:.0} req/s"), goal);
}
