//! `kill -9` of the real server during a tool call: what was acknowledged is there afterwards, and the run comes to an end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use skillgate_tests::app::Client;
use skillgate_tests::process::binary;
use skillgate_tests::skills;
use skillgate_tests::sse::Events;

#[tokio::test]
async fn a_call_that_may_not_run_twice_is_told_as_unknown() {
    let (run, agent, client, _server) =
        killed_during("echo__count_slow", json!({ "ms": 3_000 })).await;
    let whole = ended(&client, &agent, &run).await;
    let steps = whole["steps"].as_array().unwrap();
    let of = |kind: &str| {
        steps
            .iter()
            .filter(|step| step["type"] == kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("tool_begun").len(), 1, "it did not run again: {whole}");
    let [result] = of("tool_ended")[..] else {
        panic!("{whole}")
    };
    assert_eq!(
        (&result["isError"], &result["receipt"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn a_call_that_may_run_twice_runs_again() {
    let (run, agent, client, _server) = killed_during("probe__sleep", json!({ "ms": 2_000 })).await;
    let whole = ended(&client, &agent, &run).await;
    let result = whole["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["type"] == "tool_ended")
        .unwrap();
    assert_eq!(
        (&result["isError"], &result["content"]),
        (&json!(false), &json!("slept 2000 ms"))
    );
}

#[tokio::test]
async fn a_call_during_which_the_server_died_twice_is_not_tried_again() {
    let (run, agent, client, mut server) =
        killed_during("probe__sleep", json!({ "ms": 4_000 })).await;
    let path = format!("/v1/runs/{run}/events");
    let events = client.request(reqwest::Method::GET, &path).send().await;
    let mut events = Events::of(events.unwrap());
    for _attempt in 0..2 {
        events.until("tool_call").await;
    }
    server.kill();
    let server = server.again();
    let client = client.at(&server.url);
    let whole = ended(&client, &agent, &run).await;
    let steps = whole["steps"].as_array().unwrap();
    let of = |kind: &str| {
        steps
            .iter()
            .filter(|step| step["type"] == kind)
            .collect::<Vec<_>>()
    };
    let attempts: Vec<&Value> = of("tool_begun")
        .iter()
        .map(|step| &step["attempt"])
        .collect();
    assert_eq!(
        attempts,
        [&json!(1), &json!(2)],
        "each attempt is recorded first"
    );
    let [result] = of("tool_ended")[..] else {
        panic!("{whole}")
    };
    assert!(
        result["content"].as_str().unwrap().contains("unknown"),
        "{result}"
    );
}

#[tokio::test]
async fn text_of_an_answer_that_a_crash_lost_is_taken_back() {
    let half = json!([{ "type": "text", "text": "I was abou" }, { "type": "wait", "milliseconds": 60_000 }]);
    let script = json!({ "turns": [{ "parts": half }] });
    let mut server = Server::start(tempfile::tempdir().unwrap(), &script);
    let client = server.client().await;
    let agent = client.agent().await;
    let shown = client.chat(&agent, "Tell me").await.next().await.unwrap();
    assert_eq!(shown.json()["content"], "I was abou");
    server.kill();
    let whole = json!({ "turns": [{ "parts": [{ "type": "text", "text": "Here it is." }] }] });
    std::fs::write(server.folder.path().join("script.json"), whole.to_string()).unwrap();
    let server = server.again();
    let client = client.at(&server.url);

    let id = shown.id.unwrap();
    let path = format!("/v1/runs/{}/events", id.split(':').next().unwrap());
    let request = client.request(reqwest::Method::GET, &path);
    let request = request.header("last-event-id", &id).send();
    let events = Events::of(request.await.unwrap()).all().await;
    let events: Vec<Value> = events.iter().map(|event| event.json()).collect();
    assert_eq!(events[0], json!({ "type": "reset", "toEvent": null }));
    assert_eq!(events[1]["content"], "Here it is.");
    assert_eq!(events.last().unwrap()["stopReason"], "end_turn");
}

/// A server that was killed while an agent's tool ran, and was started again: run, agent, client.
async fn killed_during(tool: &str, arguments: Value) -> (String, String, Client, Server) {
    let script = json!({ "turns": [
        { "parts": [{ "type": "text", "text": "One moment." }, { "type": "tool_call", "name": tool, "arguments": arguments }] },
        { "parts": [{ "type": "text", "text": "Here I am again." }] },
    ] });
    let mut server = Server::start(tempfile::tempdir().unwrap(), &script);
    let client = server.client().await;
    let agent = client.agent().await;
    let key = skills::signing_key(1);
    let skill = tool.split("__").next().unwrap();
    client
        .equip(&agent, &skills::signed(skill, &key).await, &key)
        .await;

    let mut events = client.chat(&agent, "Do it").await;
    let run = loop {
        let event = events
            .next()
            .await
            .expect("the stream goes on until the tool call");
        if event.json()["type"] == "tool_call" {
            break event.id.unwrap().split(':').next().unwrap().to_owned();
        }
    };
    server.kill();
    let server = server.again();
    let client = client.at(&server.url);
    (run, agent, client, server)
}

/// Waits for the end of the run; it as it is then. What was acknowledged before the crash is in it and in the history.
async fn ended(client: &Client, agent: &str, run: &str) -> Value {
    let logs = client
        .request(
            reqwest::Method::GET,
            &format!("/v1/agents/{agent}/logs/stream"),
        )
        .send()
        .await
        .unwrap();
    let mut logs = Events::of(logs);
    while !logs
        .next()
        .await
        .unwrap()
        .data
        .contains(&format!("{run} ended: "))
    {}
    let history = client
        .get(&format!("/v1/agents/{agent}/chat/messages"))
        .await
        .data(200);
    let said: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["content"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["Do it", "One moment.\n\nHere I am again."]);
    let whole = client.get(&format!("/v1/runs/{run}")).await.data(200);
    assert_eq!(
        (&whole["status"], &whole["stopReason"]),
        (&json!("completed"), &json!("end_turn"))
    );
    whole
}

/// The real server, as a process.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
    url: String,
    key: Option<String>,
}

impl Server {
    fn start(folder: tempfile::TempDir, script: &Value) -> Self {
        std::fs::write(folder.path().join("script.json"), script.to_string()).unwrap();
        let (process, lines) = launch(folder.path());
        let field = |name: &str| {
            lines
                .iter()
                .find_map(|line| Some(line.get(name)?.as_str()?.to_owned()))
        };
        Self {
            process,
            url: field("url").expect("the server says where it listens"),
            key: field("adminKey"),
            folder,
        }
    }

    /// Ends it as a loss of power would.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it anew on the same data.
    fn again(mut self) -> Self {
        let (process, lines) = launch(self.folder.path());
        let url = lines
            .iter()
            .find_map(|line| Some(line.get("url")?.as_str()?.to_owned()));
        self.url = url.expect("the server says where it listens");
        self.process = process;
        self
    }

    async fn client(&self) -> Client {
        let mut client = Client::new(&self.url, self.key.as_deref());
        client.account = client.get("/v1/account").await.data(200)["id"]
            .as_str()
            .unwrap()
            .to_owned();
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A process that listens, and what it said until it did.
fn launch(folder: &Path) -> (Child, Vec<Value>) {
    let mut process = Command::new(binary())
        .args([
            "serve",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--llm-provider",
            "scripted",
            "--log",
            "warn",
            "--data",
        ])
        .arg(folder.join("data"))
        .arg("--script")
        .arg(folder.join("script.json"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let mut said = Vec::new();
    for line in output.lines() {
        said.push(serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        if said.last().is_some_and(|line| line.get("url").is_some()) {
            break;
        }
    }
    (process, said)
}
