//! The tool `knowledge_search`: what an agent's model finds of its knowledge.

use serde_json::{Value, json};
use skillgate_tests::app::{Setup, TestApp};

use super::ingest;

async fn app(calls: &[Value]) -> TestApp {
    let call = |arguments: &Value| json!({ "parts": [{ "type": "tool_call", "name": "knowledge_search", "arguments": arguments }] });
    let mut turns: Vec<Value> = calls.iter().map(call).collect();
    turns.push(json!({ "parts": [{ "type": "text", "text": "Done." }] }));
    let script = json!({ "turns": turns });
    TestApp::start(Setup {
        script,
        ..Setup::default()
    })
    .await
}

#[tokio::test]
async fn a_model_finds_what_its_agent_knows() {
    let calls = [
        json!({ "query": "When are refunds paid?", "limit": 1 }),
        json!({ "query": "" }),
        json!({ "limit": 1 }),
    ];
    let app = app(&calls).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    let other = client.agent().await;
    ingest(
        &client,
        &agent,
        "faq.md",
        &["Refunds are paid within 14 days.", "The office is in Lyon."],
    )
    .await;
    ingest(&client, &other, "faq.md", &["Refunds are paid in tokens."]).await;
    let mut events = client.chat(&agent, "When?").await;
    let found = events.until("tool_result").await;
    assert_eq!(found["isError"], false);
    let found: Value = serde_json::from_str(found["content"].as_str().unwrap()).unwrap();
    let entry = &found["entries"][0];
    assert_eq!(
        (&entry["text"], &entry["source"]),
        (&json!("Refunds are paid within 14 days."), &json!("faq.md"))
    );
    assert_eq!(
        (
            found["entries"].as_array().unwrap().len(),
            &found["omitted"]
        ),
        (1, &json!(0))
    );
    for told in ["query: must have 1 to 4000", "query"] {
        let refused = events.until("tool_result").await;
        assert_eq!(refused["isError"], true);
        assert!(
            refused["content"].as_str().unwrap().contains(told),
            "{refused}"
        );
    }
    events.until("done").await;
    let requests = app.script.requests();
    assert_eq!(requests[0].tools[0].name, "knowledge_search");
    let sent = serde_json::to_string(&requests[1].messages).unwrap();
    assert!(sent.contains("14 days"), "{sent}");
}

#[tokio::test]
async fn an_agent_that_knows_nothing_is_offered_no_search() {
    let app = app(&[]).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    client.chat(&agent, "Hello?").await.until("done").await;
    assert!(app.script.requests()[0].tools.is_empty());
}

#[tokio::test]
async fn what_does_not_fit_is_left_out_and_counted() {
    let app = app(&[json!({ "query": "wide", "limit": 20 })]).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    for number in 0..20_u8 {
        let letter = char::from(b'a' + number);
        let text = format!("wide {}", letter.to_string().repeat(3_990));
        ingest(&client, &agent, "wide.md", &[&text]).await;
    }
    let mut events = client.chat(&agent, "Wide?").await;
    let found = events.until("tool_result").await;
    let content: Value = serde_json::from_str(found["content"].as_str().unwrap()).unwrap();
    assert_eq!(
        (
            content["entries"].as_array().unwrap().len(),
            &content["omitted"]
        ),
        (14, &json!(6))
    );
    events.until("done").await;
}
