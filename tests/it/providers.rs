//! An agent whose model is reached over the Anthropic protocol: what is sent there, and what each bad answer
//! becomes on the chat stream.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_agent::RetryPolicy;
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::fake_anthropic::{Block, FakeAnthropic, Reply};
use skillgate_tests::skills;
use tokio::sync::Semaphore;

const KEY: &str = "sk-ant-test-0123456789";

/// A server, a peer that gives these replies, and an agent with a credential for it.
async fn agent_with(
    replies: impl IntoIterator<Item = Reply>,
) -> (TestApp, FakeAnthropic, Client, String) {
    let peer = FakeAnthropic::start(replies).await;
    let retry = RetryPolicy {
        pause: Duration::from_micros(10),
        ..RetryPolicy::default()
    };
    let anthropic_base_url = peer.base_url().to_owned();
    let setup = Setup {
        anthropic_base_url,
        retry,
        default_provider: None,
        ..Setup::default()
    };
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let wish = json!({
        "name": "Ada",
        "config": { "llmProvider": "anthropic", "authType": "api_key", "model": "claude-fake" },
        "secrets": { "anthropicApiKey": KEY },
    });
    let agent = admin.post("/v1/agents", wish).await.data(201);
    let agent = agent["id"].as_str().unwrap().to_owned();
    (app, peer, admin, agent)
}

fn hello() -> Reply {
    Reply::Answer(vec![Block::text("Hello there, whoever you are.")])
}

/// All events of one message's answer.
async fn chat(client: &Client, agent: &str) -> Vec<Value> {
    let events = client.chat(agent, "hi").await.all().await;
    let events: Vec<Value> = events.iter().map(|event| event.json()).collect();
    assert!(
        !format!("{events:?}").contains(KEY),
        "the key is on the stream"
    );
    events
}

fn text_of(events: &[Value]) -> String {
    let texts = events.iter().filter(|event| event["type"] == "text");
    texts
        .map(|event| event["content"].as_str().unwrap())
        .collect()
}

/// The code of the error that ended it.
#[track_caller]
fn failure(events: &[Value]) -> &str {
    let last = events.last().unwrap();
    assert_eq!(last["type"], "error", "{events:?}");
    assert!(
        events.iter().all(|event| event["type"] != "done"),
        "{events:?}"
    );
    last["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_turn_with_a_tool_is_exact_on_the_wire() {
    let replies = [
        Reply::Answer(vec![
            Block::Thinking("The user wants an echo.", "EqQBCgIYAhIM"),
            Block::text("Let me ask."),
            Block::ToolUse("toolu_1", "echo__echo", json!({ "text": "grüezi" })),
            Block::ToolUse("toolu_2", "echo__nothing", json!({})),
        ]),
        Reply::Answer(vec![Block::text("It said grüezi.")]),
    ];
    let (_app, peer, admin, agent) = agent_with(replies).await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;

    let events = chat(&admin, &agent).await;
    assert_eq!(text_of(&events), "Let me ask.\n\nIt said grüezi.");
    let usage = json!({ "type": "usage", "inputTokens": 24, "outputTokens": 12 });
    assert!(events.contains(&usage), "{events:?}");
    assert_eq!(events.last().unwrap()["stopReason"], "end_turn");

    let asked = peer.asked();
    assert_eq!(asked.len(), 2);
    for (name, value) in [("x-api-key", KEY), ("anthropic-version", "2023-06-01")] {
        assert_eq!(asked[0].headers[name], value);
    }
    let first = &asked[0].body;
    assert_eq!(
        (&first["model"], &first["stream"]),
        (&json!("claude-fake"), &json!(true))
    );
    assert_eq!(first["tools"][0]["name"], "echo__echo");
    assert_eq!(first["tools"][0]["input_schema"]["type"], "object");

    let messages = asked[1].body["messages"].as_array().unwrap();
    let roles: Vec<&Value> = messages.iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let thinking = json!({ "type": "thinking", "thinking": "The user wants an echo.", "signature": "EqQBCgIYAhIM" });
    assert_eq!(
        messages[1]["content"][0], thinking,
        "reasoning goes back unchanged"
    );
    let results = messages[2]["content"].as_array().unwrap();
    let ids: Vec<&Value> = results
        .iter()
        .map(|result| &result["tool_use_id"])
        .collect();
    assert_eq!(ids, ["toolu_1", "toolu_2"]);
    assert!(results[0]["content"].as_str().unwrap().contains("grüezi"));
    assert_eq!(
        (&results[0]["is_error"], &results[1]["is_error"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn a_refused_key_is_told_at_once() {
    let (_app, peer, admin, agent) = agent_with([Reply::Status(401, None), hello()]).await;
    let events = chat(&admin, &agent).await;
    assert_eq!(failure(&events), "provider_unauthorized");
    let message = events.last().unwrap()["message"].as_str().unwrap();
    assert!(message.contains("Check the key"), "{message}");
    assert_eq!(peer.asked().len(), 1);
}

#[tokio::test]
async fn a_rate_limit_or_an_overload_is_waited_out() {
    let replies = [
        Reply::Status(429, Some(0)),
        Reply::Status(529, None),
        hello(),
    ];
    let (_app, peer, admin, agent) = agent_with(replies).await;
    assert_eq!(
        text_of(&chat(&admin, &agent).await),
        "Hello there, whoever you are."
    );
    let asked = peer.asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked.iter().all(|one| one.body == asked[0].body),
        "each asks the same"
    );
}

#[tokio::test]
async fn a_long_rate_limit_or_a_lasting_overload_is_told() {
    let (_app, peer, admin, agent) = agent_with([Reply::Status(429, Some(3600)), hello()]).await;
    assert_eq!(
        failure(&chat(&admin, &agent).await),
        "provider_rate_limited"
    );
    assert_eq!(peer.asked().len(), 1);

    let (_app, peer, admin, agent) = agent_with(vec![Reply::Status(529, None); 4]).await;
    assert_eq!(failure(&chat(&admin, &agent).await), "provider_overloaded");
    assert_eq!(peer.asked().len(), 3);
}

#[tokio::test]
async fn garbage_is_told() {
    for garbage in [
        Reply::Garbage("text/html", "<html>Please log in</html>"),
        Reply::Garbage("application/json", "{}"),
        Reply::Garbage("text/event-stream", "data: hello\n\n"),
        Reply::Garbage("text/event-stream", "data: {\"type\":\"message_stop\"}\n\n"),
    ] {
        let (_app, peer, admin, agent) = agent_with([garbage, hello()]).await;
        assert_eq!(failure(&chat(&admin, &agent).await), "provider_garbage");
        assert_eq!(peer.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_peer_that_repeats_the_operators_key_tells_nobody() {
    let error = json!({ "type": "error", "error": { "type": "api_error", "message": format!("no such key: {KEY}") } });
    let body = format!("event: error\ndata: {error}\n\n");
    let peer = FakeAnthropic::start([Reply::Garbage("text/event-stream", body.leak())]).await;
    let setup = Setup {
        anthropic_base_url: peer.base_url().to_owned(),
        anthropic_key: Some(KEY),
        default_provider: Some("anthropic"),
        ..Setup::default()
    };
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let events = chat(&admin, &agent).await;
    let told = events.last().unwrap()["message"].as_str().unwrap();
    assert!(told.contains("no such key: [redacted]"), "{told}");
    let logs = admin.get(&format!("/v1/agents/{agent}/logs")).await.body;
    assert!(!logs.to_string().contains(KEY), "{logs}");
}

#[tokio::test]
async fn a_cut_after_text_ends_the_turn_and_text_is_never_shown_twice() {
    let said = vec![Block::text("Hello there, whoever you are.")];
    let (_app, peer, admin, agent) = agent_with([Reply::Cut(said.clone(), 5), hello()]).await;
    let events = chat(&admin, &agent).await;
    assert_eq!(text_of(&events), "Hello there, w");
    assert_eq!(failure(&events), "provider_cut_off");
    assert_eq!(peer.asked().len(), 1);

    let replies = [Reply::Fails(said, 5, "overloaded_error"), hello()];
    let (_app, peer, admin, agent) = agent_with(replies).await;
    assert_eq!(failure(&chat(&admin, &agent).await), "provider_overloaded");
    assert_eq!(peer.asked().len(), 1);
}

#[tokio::test]
async fn a_cut_before_any_text_is_asked_again() {
    let said = vec![Block::text("never shown")];
    let replies = [
        Reply::Cut(said.clone(), 2),
        Reply::Fails(said, 2, "overloaded_error"),
        hello(),
    ];
    let (_app, peer, admin, agent) = agent_with(replies).await;
    assert_eq!(
        text_of(&chat(&admin, &agent).await),
        "Hello there, whoever you are."
    );
    assert_eq!(peer.asked().len(), 3);
}

#[tokio::test]
async fn text_is_passed_on_while_the_rest_is_still_to_come() {
    let gate = Arc::new(Semaphore::new(4));
    let said = vec![Block::text("Hello there, whoever you are.")];
    let (_app, _peer, admin, agent) = agent_with([Reply::Gated(said, gate.clone())]).await;
    let mut events = admin.chat(&agent, "hi").await;
    // Four events: the start, a ping, the block's start, and its first seven characters.
    assert_eq!(events.until("text").await["content"], "Hello t");
    gate.add_permits(100);
    assert_eq!(events.until("done").await["stopReason"], "end_turn");
}
