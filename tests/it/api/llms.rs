//! `/llms-full.txt`: every operation has an example, and every example works as it is printed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use reqwest::Method;
use serde_json::json;
use skillgate_server::operations;
use skillgate_tests::app::TestApp;
use skillgate_tests::skills::signing_key;

use super::tasks::a_task;

async fn full_text(app: &TestApp) -> String {
    let request = app.anonymous().request(Method::GET, "/llms-full.txt");
    request.send().await.unwrap().text().await.unwrap()
}

/// The commands of a text, each with the line that names its operation.
fn examples(text: &str) -> Vec<(String, String)> {
    let sections = text.split("\n### `").skip(1);
    let examples = sections.map(|section| {
        let (operation, rest) = section.split_once('`').unwrap();
        let (_, command) = rest.split_once("```sh\n").unwrap();
        let (command, _) = command.split_once("\n```").unwrap();
        (operation.to_owned(), command.to_owned())
    });
    examples.collect()
}

/// Makes a new account with a thing of each kind; what the variables of an example stand for.
async fn variables(app: &TestApp, operation: &str) -> BTreeMap<&'static str, String> {
    let owner = app.stranger(&["admin"]).await;
    let config = json!({ "name": "Ada", "config": { "llmProvider": "demo" } });
    let agent = owner.post("/v1/agents", config).await.data(201);
    let agent = agent["id"].as_str().unwrap().to_owned();
    let skill = "---\nname: calculator\ndescription: Calculates.\n---\nAdd.\n";
    let published = owner.post("/v1/skills", json!({ "skillMd": skill })).await;
    let skill = published.data(201)["uuid"].as_str().unwrap().to_owned();
    let puts_it_there = [
        "POST /v1/agents/{id}/skills",
        "POST /api/skills/{id}/assign",
    ];
    if !puts_it_there.contains(&operation) {
        let path = format!("/api/skills/{skill}/assign");
        let assigned = owner.post(&path, json!({ "agentId": agent })).await;
        assert_eq!(assigned.status, 201);
    }
    for text in ["You are new.", "You are newer."] {
        let soul = json!({ "soulMd": text });
        let path = format!("/v1/agents/{agent}/personality");
        owner.put(&path, soul).await.data(200);
    }
    let rule = json!({ "content": "Be quick." });
    let path = format!("/v1/agents/{agent}/rules/hurry");
    owner.put(&path, rule).await.data(200);
    let swarm = json!({ "name": "Growth" });
    let swarm = owner.post("/v1/swarms", swarm).await.data(201);
    let grants = owner.get("/v1/permission-grants").await.data(200);
    let grant = grants[0]["id"].as_str().unwrap_or_default().to_owned();
    let task = a_task(app, &owner, &agent, "first").await;
    let done = owner.chat(&agent, "Hello.").await.until("done").await;
    let new_key = json!({ "label": "Other", "scopes": ["chat"] });
    let other_key = owner.post("/v1/api-keys", new_key).await.data(201);
    let publisher_key = owner.register(&signing_key(1)).await.data(201);
    let challenge = owner.challenge().await;
    let proof = serde_json::to_string(&owner.prove(&signing_key(2), &challenge)).unwrap();
    let session = owner
        .post("/v1/auth/session", serde_json::Value::Null)
        .await;
    let cookie = session.header("set-cookie").split(';').next().unwrap();
    let cookie = cookie.to_owned();
    let session = session.data(201);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    BTreeMap::from([
        ("SKILLGATE_URL", app.url.clone()),
        ("SKILLGATE_API_KEY", owner.key.clone().unwrap()),
        ("AGENT_ID", agent),
        ("SKILL_ID", skill),
        ("RUN_ID", text(&done["runId"])),
        ("RULE_NAME", "hurry".to_owned()),
        ("VERSION_N", "1".to_owned()),
        ("SWARM_ID", text(&swarm["id"])),
        ("API_KEY_ID", text(&other_key["id"])),
        ("PUBLISHER_KEY_ID", text(&publisher_key["id"])),
        ("PERMISSION_GRANT_ID", grant),
        ("TASK_ID", task),
        ("PROOF", proof),
        ("SESSION_COOKIE", cookie),
        ("CSRF_TOKEN", text(&session["csrfToken"])),
        ("FILE", "docs.js".to_owned()),
    ])
}

/// Runs a command as it is printed; the first line of what the server answers. A stream may not end by itself.
fn run(command: &str, variables: BTreeMap<&'static str, String>) -> String {
    // `-u` stops at a variable that this test does not know; `exec` lets the command be ended by its process id.
    let script = format!("set -u; exec {}", command.replacen("curl", "curl -isS", 1));
    let mut process = Command::new("sh")
        .args(["-c", &script])
        .envs(variables)
        .env("NO_PROXY", "*")
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests run the examples with sh and curl");
    let mut first = String::new();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    output.read_line(&mut first).unwrap();
    let _ = process.kill();
    process.wait().unwrap();
    first
}

#[tokio::test]
async fn every_operation_is_described_with_an_example() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let text = full_text(&app).await;
    let described: Vec<String> = examples(&text).into_iter().map(|(one, _)| one).collect();
    let served: Vec<String> = operations()
        .into_iter()
        .map(|one| format!("{} {}", one.method, one.path))
        .collect();
    assert_eq!(described, served);
    assert!(text.contains("Needs scope `agents:write`"));
    assert!(text.contains("- `category` (string): Only skills of this category."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_works_as_it_is_printed() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let text = full_text(&app).await;
    for (operation, command) in examples(&text) {
        let variables = variables(&app, &operation).await;
        let shown = command.clone();
        let answered = tokio::task::spawn_blocking(move || run(&command, variables));
        let answered = answered.await.unwrap();
        assert!(
            answered.starts_with("HTTP/1.1 20"),
            "{operation}: {answered:?}\n{shown}\nGive its row an `.example`, and this test a value for each variable."
        );
    }
}

#[tokio::test]
async fn the_examples_need_a_key_where_the_operation_does() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let text = full_text(&app).await;
    let anonymous: Vec<String> = examples(&text)
        .into_iter()
        .filter(|(_, command)| {
            !command.contains("$SKILLGATE_API_KEY") && !command.contains("$SESSION_COOKIE")
        })
        .map(|(operation, _)| operation)
        .collect();
    assert!(
        anonymous.contains(&"GET /healthz".to_owned()),
        "{anonymous:?}"
    );
    let is_guarded =
        |operation: &String| operation.contains(" /v1/") || operation.contains("/api/");
    assert!(!anonymous.iter().any(is_guarded), "{anonymous:?}");
}
