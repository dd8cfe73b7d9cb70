//! What is taken back is taken back from runs under way.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_store::{AssignmentGrant, AssignmentSettings, GrantMode, NewAssignment};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills::{
    component, manifest, package, sign_with_its_tools, signed, signing_key,
};
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

#[tokio::test]
async fn a_version_that_another_process_replaced_under_the_same_grant_ends_its_calls() {
    let (app, admin, agent, mut events) = sleeping().await;
    let key = signing_key(1);
    let (skill, old) = app
        .store
        .get_version(&admin.account, "probe", None)
        .await
        .unwrap()
        .unwrap();
    let text = manifest("probe").replacen("0.1.0", "0.2.0", 1);
    let newer = sign_with_its_tools(package(&text, &component("probe")), &key).await;
    admin.upload(&newer).await.data(201);
    let (_, new) = app
        .store
        .get_version(&admin.account, "probe", Some("0.2.0"))
        .await
        .unwrap()
        .unwrap();
    let replaced = NewAssignment {
        skill_id: skill.id,
        version_id: new.id,
        trust_level: new.trust_level,
        grant: AssignmentGrant::Kept { replaces: old.id },
        mode: GrantMode::Allow,
        installed_by: "another process".to_owned(),
        settings: AssignmentSettings::default(),
        max_skills: i64::MAX,
    };
    let installed = app
        .store
        .install_skill(&admin.account, &agent, replaced)
        .await;
    assert_eq!(installed.unwrap().unwrap().version, "0.2.0");
    // A run for somebody else looks the agent's skills up before it is begun, as they are known to have changed.
    admin.equip(&agent, &signed("echo", &key).await, &key).await;
    let path = format!("/v1/agents/{agent}/chat/messages");
    let message = json!({ "message": "hello", "peerId": "somebody else" });
    let request = admin.request(Method::POST, &path).json(&message);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_denied(&events.until("tool_result").await);
}
