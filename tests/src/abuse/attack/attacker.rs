//! What every attack has: an account, a publisher's key, and requests whose answers are counted.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use skillgate_skill::{Package, SigningKey};

use super::Arm;
use crate::abuse::arsenal::{self, Arsenal};
use crate::abuse::server::Server;
use crate::abuse::tally::Tally;
use crate::app::Client;
use crate::skills;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The name of the largest package.
pub(super) const LARGE_NAME: &str = "large";
/// Its bytes; a package may have 64 MiB.
const LARGE: usize = 60_000_000;
/// The first seed of attackers' publisher keys; lower ones are others'.
const FIRST_SEED: u8 = 100;

/// One attack's account. Clones are the same account.
#[derive(Clone)]
pub struct Attacker {
    /// Its key, which has no limit of requests.
    pub client: Client,
    /// The key that signs its packages, registered already.
    pub key: SigningKey,
    /// What it needs.
    pub arsenal: Arc<Arsenal>,
    /// The agent that it was given beforehand, when its attack wants one.
    agent: Option<String>,
    /// What came of what it did.
    pub tally: Tally,
}

impl Attacker {
    /// Makes the account of the attack of this number, and what the attack is to have.
    pub async fn make(server: &Server, arsenal: &Arc<Arsenal>, number: usize, arm: Arm) -> Self {
        let client = server.new_account("attacker").await;
        let key = skills::signing_key(FIRST_SEED + u8::try_from(number).unwrap());
        client.register(&key).await.data(201);
        let mut attacker = Self {
            client,
            key,
            arsenal: Arc::clone(arsenal),
            agent: None,
            tally: Tally::default(),
        };
        attacker.agent = attacker.armed(arm).await;
        attacker
    }

    async fn armed(&self, arm: Arm) -> Option<String> {
        let (config, package) = match arm {
            Arm::Nothing => return None,
            Arm::Guest("hostile") => (demo(), self.arsenal.hostile(&self.key)),
            Arm::Guest(name) => (demo(), self.arsenal.guest(name, &self.key)),
            Arm::Model(model) => (hostile_model(model), self.arsenal.guest("echo", &self.key)),
            Arm::Large => (demo(), arsenal::instructions(LARGE_NAME, LARGE, &self.key)),
        };
        let agent = self.equipped(config, &package).await;
        Some(agent.expect("nobody attacks yet: an attacker gets its agent"))
    }

    /// The agent that it was given.
    ///
    /// # Panics
    /// When its attack has [`Arm::Nothing`].
    pub(super) fn agent(&self) -> &str {
        self.agent.as_deref().expect("the attack is armed")
    }

    /// Sends a request, counts its status as `what`, and gives status and body.
    pub(super) async fn send(&self, what: &str, request: RequestBuilder) -> Option<(u16, Value)> {
        let answered = async {
            let response = request.timeout(PATIENCE).send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        match answered.await {
            Ok((status, body)) => {
                self.tally.count(what, status);
                Some((status, serde_json::from_slice(&body).unwrap_or_default()))
            }
            Err(error) => {
                self.tally.count(what, kind(&error));
                None
            }
        }
    }

    /// `POST` with a JSON body.
    pub(super) async fn post(&self, what: &str, path: &str, body: Value) -> Option<(u16, Value)> {
        let request = self.client.request(Method::POST, path).json(&body);
        self.send(what, request).await
    }

    /// `GET`
    pub(super) async fn get(&self, what: &str, path: &str) -> Option<(u16, Value)> {
        self.send(what, self.client.request(Method::GET, path))
            .await
    }

    /// Makes an agent of this configuration; its id.
    pub(super) async fn new_agent(&self, config: Value) -> Option<String> {
        let body = json!({ "name": "Mallory", "config": config });
        let (_, answer) = self.post("make agent", "/v1/agents", body).await?;
        Some(answer["data"]["id"].as_str()?.to_owned())
    }

    /// Uploads a package; whether it was taken, now or before.
    pub(super) async fn publish(&self, package: &Package) -> bool {
        let bytes = package.write().unwrap();
        let part = reqwest::multipart::Part::bytes(bytes).file_name("a.skill");
        let form = reqwest::multipart::Form::new().part("package", part);
        let request = self.client.request(Method::POST, "/v1/skills");
        let answer = self.send("publish", request.multipart(form)).await;
        answer.is_some_and(|(status, _)| matches!(status, 201 | 409))
    }

    /// Installs the latest version of a skill on an agent.
    pub(super) async fn install(&self, agent: &str, skill: &str) -> Option<u16> {
        let wish = json!({ "skillId": skill, "trustLevel": "clawhub" });
        let path = format!("/v1/agents/{agent}/skills");
        Some(self.post("install", &path, wish).await?.0)
    }

    /// An agent that answers as `config` says and has this package.
    pub(super) async fn equipped(&self, config: Value, package: &Package) -> Option<String> {
        let agent = self.new_agent(config).await?;
        if !self.publish(package).await {
            return None;
        }
        self.install(&agent, &package.manifest.name).await?;
        Some(agent)
    }

    /// As [`Attacker::equipped`] with the demo model and the guest `hostile`.
    pub(super) async fn hostile_agent(&self) -> Option<String> {
        let package = self.arsenal.hostile(&self.key);
        self.equipped(demo(), &package).await
    }

    /// Calls a tool by way of the demo model, as a peer of that name, and counts how the turn ended.
    pub(super) async fn call(&self, agent: &str, peer: &str, tool: &str, arguments: &Value) {
        self.say(agent, peer, &format!("{tool} {arguments}")).await;
    }

    /// Says something as a peer of that name, reads the stream to its end, and counts how the turn ended.
    pub(super) async fn say(&self, agent: &str, peer: &str, message: &str) {
        let path = format!("/v1/agents/{agent}/chat/messages");
        let body = json!({ "message": message, "peerId": peer });
        let request = self.client.request(Method::POST, &path).json(&body);
        let outcome = match request.timeout(PATIENCE).send().await {
            Err(error) => kind(&error).to_owned(),
            Ok(response) if response.status() != 200 => response.status().as_u16().to_string(),
            Ok(response) => ending(response).await,
        };
        self.tally.count("chat", outcome);
    }
}

/// The configuration of an agent that calls what a message names.
pub(super) fn demo() -> Value {
    json!({ "llmProvider": "demo" })
}

/// The configuration of an agent whose model is the attackers' own.
pub(super) fn hostile_model(model: &str) -> Value {
    json!({ "llmProvider": "anthropic", "model": model })
}

/// How a stream of events ended: by `done`, by `error` with its code, or in the middle. Only its end is kept.
async fn ending(response: reqwest::Response) -> String {
    let mut last = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => last.extend_from_slice(&chunk),
            Err(error) => return kind(&error).to_owned(),
        }
        let surplus = last.len().saturating_sub(4_096);
        last.drain(..surplus);
    }
    let last = String::from_utf8_lossy(&last);
    let event = last
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?.trim()).ok());
    let event = event.unwrap_or_default();
    match event["type"].as_str() {
        Some("done") => "done".to_owned(),
        Some("error") => format!("error {}", event["code"].as_str().unwrap_or_default()),
        _ => "cut".to_owned(),
    }
}

/// Why there was no answer, in a word.
fn kind(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "no connection"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "connection broke"
    }
}
