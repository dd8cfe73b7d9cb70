//! A peer behind the provider's address that repeats the operator's key wherever it can, and equal ids.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::fake_anthropic::{Block, FakeAnthropic, Reply};
use skillgate_tests::skills;

const KEY: &str = "sk-ant-operator-0123456789";

/// A server with the operator's key for a peer that gives these replies, and an agent with the skill `echo`.
async fn agent_with(replies: Vec<Reply>) -> (TestApp, FakeAnthropic, Client, String) {
    let peer = FakeAnthropic::start(replies).await;
    let setup = Setup {
        anthropic_base_url: peer.base_url().to_owned(),
        anthropic_key: Some(KEY),
        default_provider: Some("anthropic"),
        ..Setup::default()
    };
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;
    (app, peer, admin, agent)
}

fn stream(frames: &[Value]) -> Reply {
    let frames: Vec<String> = frames
        .iter()
        .map(|frame| format!("data: {frame}\n\n"))
        .collect();
    Reply::Garbage("text/event-stream", frames.concat().leak())
}

/// An answer with the key in every string of every frame, that also calls a tool that there is.
fn shouts() -> Reply {
    let start = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let arguments = json!({"text": format!("I say {KEY}")}).to_string();
    stream(&[
        json!({"type": "message_start", "message": {"id": KEY, "model": KEY, "role": KEY}}),
        json!({"type": KEY}),
        start(
            0,
            json!({"type": "thinking", "thinking": KEY, "signature": KEY}),
        ),
        delta(0, json!({"type": "thinking_delta", "thinking": KEY})),
        start(1, json!({"type": "text", "text": KEY})),
        delta(1, json!({"type": "text_delta", "text": &KEY[..9]})),
        delta(1, json!({"type": "text_delta", "text": &KEY[9..]})),
        start(2, json!({"type": KEY, KEY: [KEY, {KEY: KEY}]})),
        start(
            3,
            json!({"type": "tool_use", "id": KEY, "name": KEY, "input": {KEY: KEY}}),
        ),
        start(
            4,
            json!({"type": "tool_use", "id": "toolu_1", "name": "echo__echo", "input": {}}),
        ),
        delta(
            4,
            json!({"type": "input_json_delta", "partial_json": arguments}),
        ),
        json!({"type": "message_delta", "delta": {"stop_reason": KEY, "stop_sequence": KEY}}),
        json!({"type": "message_stop"}),
    ])
}

#[tokio::test]
async fn the_operators_key_reaches_nobody_wherever_a_peer_puts_it() {
    let error = json!({"type": KEY, "message": format!("{}{KEY}", "x".repeat(280))});
    let failures = [
        stream(&[json!({"type": "error", "error": error})]),
        stream(&[json!({"type": "message_start", "message": KEY})]),
        Reply::Garbage(KEY, KEY),
        Reply::Garbage("text/event-stream", "data: sk-ant-operator-0123456789\n\n"),
    ];
    for failure in failures {
        let (_app, peer, admin, agent) = agent_with(vec![shouts(), failure]).await;
        let events = admin.chat(&agent, "hi").await.all().await;
        let run = events[0].id.clone().unwrap();
        let run = run.split(':').next().unwrap();
        let stream: String = events.iter().map(|event| event.data.as_str()).collect();
        let steps = admin.get(&format!("/v1/runs/{run}")).await.body.to_string();
        let receipts = admin.get(&format!("/v1/runs/{run}/receipts")).await.body;
        let logs = admin.get(&format!("/v1/agents/{agent}/logs")).await.body;
        let history = admin
            .get(&format!("/v1/agents/{agent}/chat/messages"))
            .await;
        let sent_back = peer.asked().last().unwrap().body.to_string();
        let seen = [
            stream,
            steps,
            receipts.to_string(),
            logs.to_string(),
            history.body.to_string(),
            sent_back,
        ];
        for text in seen {
            // Not half of it either: the texts of errors are cut.
            assert!(!text.contains("sk-ant"), "{text}");
        }
        let result = events.iter().map(|event| event.json());
        let result = result
            .filter(|event| event["type"] == "tool_result")
            .find(|event| event["id"] == "toolu_1")
            .expect("the tool ran");
        assert_eq!(
            (&result["content"], &result["isError"]),
            (&json!("I say [redacted]"), &json!(false)),
            "what the skill was given is clean"
        );
        assert_eq!(events.last().unwrap().json()["type"], "error");
    }
}

#[tokio::test]
async fn a_reason_that_nobody_knows_is_told_as_one_word() {
    let start = json!({"type": "message_start", "message": {}});
    for reason in ["brand_new", "cancelled", "error", KEY] {
        let frames = [
            start.clone(),
            json!({"type": "message_delta", "delta": {"stop_reason": reason}}),
            json!({"type": "message_stop"}),
        ];
        let (_app, _peer, admin, agent) = agent_with(vec![stream(&frames)]).await;
        let done = admin.chat(&agent, "hi").await.until("done").await;
        assert_eq!(done["stopReason"], "other");
    }
}

#[tokio::test]
async fn equal_ids_are_made_different_before_anything_is_done_with_them() {
    let echo = |text: &str| Block::ToolUse("same", "echo__echo", json!({ "text": text }));
    let replies = vec![
        Reply::Answer(vec![echo("one"), echo("two")]),
        Reply::Answer(vec![echo("three")]),
        Reply::Answer(vec![Block::text("Done.")]),
    ];
    let (_app, peer, admin, agent) = agent_with(replies).await;
    let events = admin.chat(&agent, "hi").await.all().await;
    let mut results: Vec<(String, String)> = events
        .iter()
        .map(|event| event.json())
        .filter(|event| event["type"] == "tool_result")
        .map(|event| {
            let text = |field: &str| event[field].as_str().unwrap().to_owned();
            (text("id"), text("content"))
        })
        .collect();
    results.sort();
    let expected = [("same", "one"), ("same_2", "two"), ("same_3", "three")];
    let expected = expected.map(|(id, text)| (id.to_owned(), text.to_owned()));
    assert_eq!(results, expected);
    let sent_back = peer.asked().pop().unwrap().body["messages"].to_string();
    for (id, _) in expected {
        assert_eq!(sent_back.matches(&format!("\"id\":\"{id}\"")).count(), 1);
        assert_eq!(
            sent_back
                .matches(&format!("\"tool_use_id\":\"{id}\""))
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn an_answer_of_thousands_of_calls_is_cut_with_a_clear_error() {
    let start = json!({"type": "message_start", "message": {}});
    let call = |index: u32| {
        let block =
            json!({"type": "tool_use", "id": "x", "name": "echo__echo", "input": {"text": "a"}});
        json!({"type": "content_block_start", "index": index, "content_block": block})
    };
    let calls = (0..3_000).map(call);
    let end = [
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}}),
        json!({"type": "message_stop"}),
    ];
    let frames: Vec<Value> = [start].into_iter().chain(calls).chain(end).collect();
    let (_app, _peer, admin, agent) = agent_with(vec![stream(&frames)]).await;
    let events = admin.chat(&agent, "hi").await.all().await;
    let last = events.last().unwrap().json();
    assert_eq!(last["code"], "provider_answer_too_large", "{last}");
    assert!(
        events
            .iter()
            .all(|event| event.json()["type"] != "tool_call")
    );
}
