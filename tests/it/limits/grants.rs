//! What is taken back is taken back from runs under way.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills::{signed, signing_key};
use skillgate_tests::sse::Events;

/// An agent whose tool sleeps for longer than this test needs, while its run goes on.
async fn sleeping() -> (TestApp, Client, String, Events) {
    let script = json!({ "turns": [
        { "parts": [{ "type": "tool_call", "name": "probe__sleep", "arguments": { "ms": 4_500 } }] },
        { "parts": [{ "type": "text", "text": "well" }] },
    ] });
    let app = TestApp::with_script(script).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin
        .equip(&agent, &signed("probe", &key).await, &key)
        .await;
    let mut events = admin.chat(&agent, "sleep").await;
    events.until("tool_call").await;
    (app, admin, agent, events)
}

fn assert_denied(result: &Value) {
    assert_eq!(result["isError"], true, "{result}");
    assert!(
        result["content"].as_str().unwrap().contains("grant"),
        "{result}"
    );
}

#[tokio::test]
async fn a_skill_that_is_removed_ends_in_the_middle_of_its_call() {
    let (_app, admin, agent, mut events) = sleeping().await;
    admin
        .delete(&format!("/v1/agents/{agent}/skills/probe"))
        .await
        .data(200);
    assert_denied(&events.until("tool_result").await);
    events.until("done").await;
}

#[tokio::test]
async fn a_grant_that_another_process_revoked_is_gone_at_the_next_look() {
    let (app, admin, agent, mut events) = sleeping().await;
    let store = &app.store;
    let (_, version) = store
        .get_version(&admin.account, "probe", None)
        .await
        .unwrap()
        .unwrap();
    let key = version.publisher_key_id.as_deref();
    let grant = store
        .effective_grant(&admin.account, &agent, &version.skill_id, key)
        .await
        .unwrap()
        .unwrap();
    store.revoke_grant(&admin.account, &grant.id).await.unwrap();
    // A run for somebody else looks the agent's skills up before it is begun, as they are known to have changed.
    let key = signing_key(1);
    admin.equip(&agent, &signed("echo", &key).await, &key).await;
    let path = format!("/v1/agents/{agent}/chat/messages");
    let message = json!({ "message": "hello", "peerId": "somebody else" });
    let request = admin.request(Method::POST, &path).json(&message);
    let other = request.send().await.unwrap();
    assert_eq!(other.status(), 200);
    assert_denied(&events.until("tool_result").await);
}
