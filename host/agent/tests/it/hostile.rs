//! A provider that says what it wants: secrets, equal ids, names that are none.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::StreamExt;
use serde_json::{Value, json};
use skillgate_agent::{
    Completion, Delta, DeltaStream, Message, Part, Provider, ProviderError, Redactor, Request,
    Role, StopReason, Usage, run,
};

use crate::support::Bench;

const KEY: &str = "sk-operator-0123456789";

/// Gives these answers, and remembers what it was asked.
struct Peer {
    answers: Mutex<Vec<Vec<Part>>>,
    asked: Mutex<Vec<Request>>,
}

impl Peer {
    fn new(answers: impl IntoIterator<Item = Vec<Part>>) -> Arc<Self> {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
        })
    }
}

#[async_trait]
impl Provider for Peer {
    fn name(&self) -> &'static str {
        "peer"
    }

    async fn stream(&self, request: &Request) -> Result<DeltaStream, ProviderError> {
        self.asked.lock().unwrap().push(request.clone());
        let answer = self.answers.lock().unwrap().pop();
        let Some(parts) = answer else {
            return Err(ProviderError::BadRequest(format!("no more for {KEY}")));
        };
        let role = Role::Assistant;
        let end = Completion {
            message: Message { role, parts },
            usage: Usage::default(),
            stop_reason: StopReason::ToolUse,
        };
        Ok(futures::stream::iter([Ok(Delta::End(end))]).boxed())
    }
}

fn call(id: &str, name: &str, arguments: Value) -> Part {
    Part::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
    }
}

/// The tool calls that are sent back in the last request, each id with the one of its result.
fn sent_back(peer: &Peer) -> Vec<(String, String)> {
    let asked = peer.asked.lock().unwrap();
    let parts = asked
        .last()
        .into_iter()
        .flat_map(|request| &request.messages);
    let parts: Vec<&Part> = parts.flat_map(|message| &message.parts).collect();
    let calls = parts.iter().filter_map(|part| match part {
        Part::ToolCall { id, .. } => Some(id.clone()),
        _ => None,
    });
    let results = parts.iter().filter_map(|part| match part {
        Part::ToolResult { id, .. } => Some(id.clone()),
        _ => None,
    });
    calls.zip(results).collect()
}

#[tokio::test]
async fn the_operators_key_in_every_string_of_an_answer_reaches_nobody() {
    let parts = vec![
        Part::Text { text: KEY.into() },
        Part::Reasoning {
            provider: "peer".into(),
            opaque: json!({"thinking": KEY, KEY: [KEY]}),
        },
        call(KEY, KEY, json!({KEY: {"x": [KEY]}})),
        call(
            "a",
            "math__fast",
            json!({"x": format!("my {KEY}!"), KEY: 1}),
        ),
    ];
    let bench = Bench::new(r#"{"turns": []}"#);
    let peer = Peer::new([parts]);
    let mut turn = bench.turn();
    turn.provider = peer.clone();
    turn.redactor = Arc::new(Redactor::new([KEY]));
    let outcome = run(turn).await;
    assert_eq!(
        bench.tools.given(),
        [json!({"x": "my [redacted]!", "[redacted]": 1})]
    );
    let asked = peer.asked.lock().unwrap().clone();
    let seen = [
        bench.journal.text(),
        serde_json::to_string(&bench.journal.steps()).expect("JSON"),
        serde_json::to_string(&asked).expect("JSON"),
        format!("{outcome:?}"),
    ];
    for text in seen {
        assert!(!text.contains(KEY), "{text}");
    }
}

#[tokio::test]
async fn equal_ids_become_different_in_an_answer_and_in_the_conversation() {
    let same = || call("same", "math__fast", json!({}));
    let bad = || call("not an id", "math__fast", json!({}));
    let peer = Peer::new([vec![same(), same(), bad()], vec![same(), bad()]]);
    let bench = Bench::new(r#"{"turns": []}"#);
    let mut turn = bench.turn();
    turn.provider = peer.clone();
    run(turn).await;
    let sent = sent_back(&peer);
    let expected = ["same", "same_2", "call_0_2", "same_3", "call_1_1"];
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|id| ((*id).into(), (*id).into()))
        .collect();
    assert_eq!(sent, expected);
    assert_eq!(bench.tools.calls().len(), 5);
}

#[tokio::test]
async fn a_name_that_no_tool_can_have_is_kept_nowhere() {
    let names = ["x".repeat(100_000), "math__fa\0st".into(), String::new()];
    let calls = names.iter().map(|name| call("a", name, json!({})));
    let peer = Peer::new([calls.collect()]);
    let bench = Bench::new(r#"{"turns": []}"#);
    let mut turn = bench.turn();
    turn.provider = peer.clone();
    run(turn).await;
    assert!(bench.tools.calls().is_empty());
    let journal = serde_json::to_string(&bench.journal.steps()).expect("JSON");
    assert!(journal.len() < 10_000 && journal.contains("not-a-tool-name"));
}
