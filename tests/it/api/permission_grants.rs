//! `/v1/permission-grants`: what skills may do, and that it is taken back from calls under way.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_store::{GrantMode, Timestamp};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::skills::{signed, signing_key};
use skillgate_tests::sse::Events;

/// An agent that has `probe`, whose model calls these tools one after the other.
pub(super) async fn calling(calls: &[(&str, Value)]) -> (TestApp, Client, String) {
    let call = |(name, arguments): &(&str, Value)| json!({ "parts": [{ "type": "tool_call", "name": name, "arguments": arguments }] });
    let mut turns: Vec<Value> = calls.iter().map(call).collect();
    turns.push(json!({ "parts": [{ "type": "text", "text": "Done." }] }));
    let app = TestApp::with_script(json!({ "turns": turns })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin
        .equip(&agent, &signed("probe", &key).await, &key)
        .await;
    (app, admin, agent)
}

/// As [`calling`], with a first tool that reads a key again and again, and is doing so when this returns.
async fn reading(calls: &[(&str, Value)]) -> (TestApp, Client, String, Events) {
    let loops = [("probe__kv_get_until_refused", json!({}))];
    let (app, admin, agent) = calling(&[&loops[..], calls].concat()).await;
    let path = format!("/v1/agents/{agent}/logs/stream");
    let logs = admin.request(Method::GET, &path).send().await.unwrap();
    let mut logs = Events::of(logs);
    let events = admin.chat(&agent, "go").await;
    while !logs.next().await.unwrap().data.contains("probe: reading") {}
    let grant = grant_of(&admin, &agent).await;
    (app, admin, grant, events)
}

pub(super) async fn grant_of(client: &Client, agent: &str) -> String {
    let path = format!("/v1/permission-grants?agentId={agent}");
    let grants = client.get(&path).await.data(200);
    grants[0]["id"].as_str().unwrap().to_owned()
}

/// Denied, and not ended by the tool's own limit of time.
fn assert_denied(result: &Value) {
    let content = result["content"].as_str().unwrap();
    assert_eq!(result["isError"], true, "{content}");
    assert!(
        content.contains("not granted") && content.contains("kv:"),
        "{content}"
    );
}

pub(super) fn path(grant: &str) -> String {
    format!("/v1/permission-grants/{grant}")
}

#[tokio::test]
async fn a_grant_is_shown_as_it_is() {
    let (_app, admin, agent) = calling(&[]).await;
    let answer = admin.get("/v1/permission-grants").await;
    assert_eq!(
        answer.body["pagination"],
        json!({ "total": 1, "limit": 50, "offset": 0 })
    );
    let shown = answer.data(200)[0].clone();
    let keys = admin.get("/v1/api-keys").await.data(200);
    let publisher = admin.get("/v1/publisher-keys").await.data(200);
    assert_eq!(shown["permissions"]["kv"], json!({ "quota": "64KiB" }));
    assert!(shown["createdAt"].is_string());
    assert_eq!(
        shown,
        json!({
            "id": shown["id"], "agentId": agent, "skillId": "probe", "permissions": shown["permissions"],
            "publisherKey": publisher[0]["keyId"], "mode": "allow", "grantedBy": keys[0]["id"],
            "createdAt": shown["createdAt"], "expiresAt": null, "revokedAt": null,
        })
    );
    for (query, count) in [
        (format!("?agentId={agent}&skillId=probe"), 1),
        ("?skillId=other".to_owned(), 0),
        ("?agentId=agent_other".to_owned(), 0),
    ] {
        let path = format!("/v1/permission-grants{query}");
        let listed = admin.get(&path).await.data(200);
        assert_eq!(listed.as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn a_revoked_grant_ends_the_call_under_way_and_refuses_the_next() {
    let next = ("probe__kv_get", json!({ "key": "key" }));
    let (_app, admin, grant, mut events) = reading(&[next.clone(), next]).await;
    let revoked = admin.delete(&path(&grant)).await.data(200);
    assert_eq!(revoked, json!({ "id": grant, "revoked": true }));
    for _ in 0..3 {
        assert_denied(&events.until("tool_result").await);
    }
    events.until("done").await;

    let grants = admin.get("/v1/permission-grants").await.data(200);
    let at = grants[0]["revokedAt"].clone();
    assert!(at.is_string());
    admin.delete(&path(&grant)).await.data(200);
    let grants = admin.get("/v1/permission-grants").await.data(200);
    assert_eq!(grants[0]["revokedAt"], at, "revoked once");
    let changed = admin.patch(&path(&grant), json!({ "mode": "allow" })).await;
    let message = changed.error(409, "conflict");
    assert!(message.contains("was revoked at"), "{message}");
}

#[tokio::test]
async fn a_grant_that_another_process_revoked_ends_the_call_under_way() {
    let next = ("probe__kv_get", json!({ "key": "key" }));
    let (app, admin, grant, mut events) = reading(&[next]).await;
    app.store
        .revoke_grant(&admin.account, &grant)
        .await
        .unwrap();
    assert_denied(&events.until("tool_result").await);
    assert_denied(&events.until("tool_result").await);
}

#[tokio::test]
async fn a_narrowed_grant_refuses_what_it_lost_and_permits_the_rest() {
    let (_app, admin, grant, mut events) = reading(&[
        ("probe__kv_get", json!({ "key": "key" })),
        ("probe__list_files", json!({ "path": "/data" })),
    ])
    .await;
    let data = json!([{ "path": "data", "access": "read-only", "quota": "1MiB" }]);
    let narrow = json!({ "permissions": { "files": data } });
    let narrowed = admin.patch(&path(&grant), narrow).await.data(200);
    assert_eq!(narrowed["permissions"], json!({ "files": data }));
    assert_denied(&events.until("tool_result").await);
    assert_denied(&events.until("tool_result").await);
    let permitted = events.until("tool_result").await;
    assert_eq!(permitted["isError"], false, "{permitted}");

    let wider = json!({ "permissions": { "files": data, "kv": { "quota": "64KiB" } } });
    let refused = admin.patch(&path(&grant), wider).await;
    let message = refused.error(400, "validation_error");
    assert!(
        message.contains("kv:") && !message.contains("files:"),
        "what would be added: {message}"
    );
}

#[tokio::test]
async fn a_grant_that_expires_ends_the_call_under_way() {
    let next = ("probe__kv_get", json!({ "key": "key" }));
    let (app, admin, grant, mut events) = reading(&[next]).await;
    let soon = Timestamp::from_micros(app.store.now().as_micros() + 1_500_000);
    let change = json!({ "expiresAt": soon.to_string() });
    let changed = admin.patch(&path(&grant), change).await.data(200);
    assert_eq!(changed["expiresAt"], soon.to_string());
    assert_denied(&events.until("tool_result").await);
    assert_denied(&events.until("tool_result").await);
    let late = admin
        .patch(&path(&grant), json!({ "expiresAt": null }))
        .await;
    let message = late.error(409, "conflict");
    assert!(message.contains("expired at"), "{message}");
}

#[tokio::test]
async fn a_change_says_what_is_wrong_with_it() {
    let (_app, admin, agent) = calling(&[]).await;
    let grant = grant_of(&admin, &agent).await;
    for (change, told) in [
        (
            json!({ "permissions": { "http": ["GET https://other.example/*"] } }),
            "other.example",
        ),
        (json!({ "permissions": { "nonsense": 1 } }), "permissions: "),
        (json!({ "expiresAt": "tomorrow" }), "expiresAt: "),
        (
            json!({ "expiresAt": "2020-01-01T00:00:00Z" }),
            "in the future",
        ),
        (json!({ "mode": "never" }), "`allow` or `ask`"),
    ] {
        let refused = admin.patch(&path(&grant), change.clone()).await;
        let message = refused.error(400, "validation_error");
        assert!(message.contains(told), "{change}: {message}");
    }
    let until = json!({ "expiresAt": "2999-01-01T00:00:00Z" });
    let changed = admin.patch(&path(&grant), until).await.data(200);
    assert_eq!(changed["expiresAt"], "2999-01-01T00:00:00.000Z");
    let kept = admin.patch(&path(&grant), json!({})).await.data(200);
    assert_eq!(kept["expiresAt"], "2999-01-01T00:00:00.000Z");
    let cleared = json!({ "expiresAt": null });
    let cleared = admin.patch(&path(&grant), cleared).await.data(200);
    assert!(cleared["expiresAt"].is_null());
}

#[tokio::test]
async fn the_operator_says_whether_community_skills_ask() {
    let app = TestApp::start(Setup {
        community_mode: GrantMode::Ask,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin.equip(&agent, &signed("echo", &key).await, &key).await;
    let grants = admin.get("/v1/permission-grants").await.data(200);
    assert_eq!(grants[0]["mode"], "ask");
}
