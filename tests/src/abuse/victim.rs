//! An account that only wants to work: it talks to its agent, which calls a sandboxed tool in each turn.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::abuse::arsenal::Arsenal;
use crate::abuse::server::Server;
use crate::app::Client;
use crate::skills;
use crate::sse::Events;

/// Where the victim calls from. Attackers call from 127.0.0.1: in the world, too, they are not behind the same address.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// The seed of the victim's publisher key.
const SEED: u8 = 90;
/// How long a turn is waited for; one that takes longer counts as one that never ended.
const TURN_PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two turns.
const PAUSE: Duration = Duration::from_millis(50);
/// Turns of one session; the history gives 200 messages at once.
const TURNS_OF_A_SESSION: usize = 40;
/// How long runs that were under way get to end before a message counts as lost.
const CHECK_PATIENCE: Duration = Duration::from_secs(90);

/// The victim.
pub struct Victim {
    client: Client,
    agent: String,
    sessions: Vec<Session>,
    said: usize,
}

struct Session {
    id: String,
    /// The texts of messages that were acknowledged.
    acknowledged: Vec<String>,
}

/// Its turns during one phase.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    /// How long each took that ended well.
    pub times: Vec<Duration>,
    /// Those that did not end well, by reason.
    pub failed: Vec<String>,
}

/// What was found at the end.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Messages that were acknowledged.
    pub acknowledged: usize,
    /// Those that are not in the history together with their answer.
    pub lost: Vec<String>,
}

impl Victim {
    /// Makes the account and an agent with the guest `echo`.
    pub async fn make(server: &Server, arsenal: &Arc<Arsenal>) -> Self {
        let client = server.new_account("victim").await;
        let client = client.from_address(ADDRESS);
        let key = skills::signing_key(SEED);
        let agent = client.agent().await;
        client
            .equip(&agent, &arsenal.guest("echo", &key), &key)
            .await;
        Self {
            client,
            agent,
            sessions: Vec::new(),
            said: 0,
        }
    }

    /// The server has moved.
    pub fn follow(&mut self, url: &str) {
        self.client = self.client.clone().at(url);
    }

    /// Talks for so long, or until the server died.
    pub async fn talk_for(&mut self, time: Duration, died: &CancellationToken) -> Turns {
        let begun = Instant::now();
        let mut turns = Turns::default();
        while begun.elapsed() < time && !died.is_cancelled() {
            match self.turn(died).await {
                Ok(took) => turns.times.push(took),
                Err(why) => turns.failed.push(why),
            }
            tokio::time::sleep(PAUSE).await;
        }
        turns
    }

    /// One turn, from the request to its last event.
    async fn turn(&mut self, died: &CancellationToken) -> Result<Duration, String> {
        let begun = Instant::now();
        let turn = tokio::time::timeout(TURN_PATIENCE, self.talk());
        let ended = died.run_until_cancelled(turn).await;
        let ended = ended.ok_or("the server died")?;
        ended.map_err(|_| format!("no end within {} s", TURN_PATIENCE.as_secs()))??;
        Ok(begun.elapsed())
    }

    async fn talk(&mut self) -> Result<(), String> {
        let full = |last: &Session| last.acknowledged.len() >= TURNS_OF_A_SESSION;
        if self.sessions.last().is_none_or(full) {
            let id = self.open_session().await?;
            self.sessions.push(Session {
                id,
                acknowledged: Vec::new(),
            });
        }
        let session = self.sessions.last_mut().expect("one was opened");
        self.said += 1;
        let text = format!("word-{}", self.said);
        let message = format!("echo__echo {}", json!({ "text": text }));
        let path = format!("/v1/agents/{}/chat/messages", self.agent);
        let request = self.client.request(Method::POST, &path);
        let request = request.json(&json!({ "message": message, "sessionId": session.id }));
        let response = request.send().await.map_err(|_| "no answer".to_owned())?;
        if response.status() != 200 {
            return Err(format!("refused with {}", response.status().as_u16()));
        }
        session.acknowledged.push(text);
        let mut events = Events::of(response);
        while let Some(event) = events.next().await {
            let event: Value = serde_json::from_str(&event.data).unwrap_or_default();
            match event["type"].as_str() {
                Some("done") => return Ok(()),
                Some("error") => return Err(format!("failed with {}", event["code"])),
                _ => {}
            }
        }
        Err("the stream broke".to_owned())
    }

    async fn open_session(&self) -> Result<String, String> {
        let path = format!("/v1/agents/{}/chat/sessions", self.agent);
        let answer = self.ask(Method::POST, &path).await;
        let answer = answer.ok_or("no session was opened")?;
        let id = answer["data"]["id"].as_str();
        Ok(id.ok_or("no session was opened")?.to_owned())
    }

    /// Looks for every acknowledged message and its answer. Runs that a death cut short are given time to end.
    pub async fn check(&self) -> Kept {
        let begun = Instant::now();
        loop {
            let kept = self.look().await;
            if kept.lost.is_empty() || begun.elapsed() > CHECK_PATIENCE {
                return kept;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn look(&self) -> Kept {
        let mut kept = Kept::default();
        for session in &self.sessions {
            let path = format!(
                "/v1/agents/{}/chat/messages?sessionId={}&limit=200",
                self.agent, session.id
            );
            let history = self.ask(Method::GET, &path).await.unwrap_or_default();
            let history = history["data"].as_array().cloned().unwrap_or_default();
            let lost = session
                .acknowledged
                .iter()
                .filter(|text| !is_answered(&history, text));
            kept.lost.extend(lost.cloned());
            kept.acknowledged += session.acknowledged.len();
        }
        kept
    }

    async fn ask(&self, method: Method, path: &str) -> Option<Value> {
        let request = self.client.request(method, path).timeout(TURN_PATIENCE);
        let request = request.json(&json!({}));
        request.send().await.ok()?.json().await.ok()
    }
}

/// Whether the history holds the message with this text, and behind it an answer that repeats the text. Under attack
/// the answer may be that the tool failed: the message is not lost then, and the answer names its tool.
fn is_answered(history: &[Value], text: &str) -> bool {
    let asked = format!("\"{text}\"");
    let holds = |one: &Value, part: &str| one["content"].as_str().is_some_and(|c| c.contains(part));
    let mut rest = history
        .iter()
        .skip_while(|one| !(one["role"] == "user" && holds(one, &asked)));
    let found = rest.next().is_some();
    let answer = rest.next();
    found && answer.is_some_and(|one| one["role"] == "assistant" && holds(one, "echo__echo"))
}
