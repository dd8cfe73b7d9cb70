//! Rules of agents over the API.

use serde_json::json;
use skillgate_tests::app::TestApp;

#[tokio::test]
async fn rules_are_made_listed_read_and_deleted() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = format!("/v1/agents/{}", admin.agent().await);
    let path = format!("{agent}/rules");
    assert_eq!(admin.get(&path).await.data(200), json!({ "rules": [] }));
    let content =
        "# Handle New Requests\n\nWhen a user sends a new request:\n\n1. Acknowledge receipt";
    let put = async |name: &str, content: &str| {
        let body = json!({ "content": content });
        admin.put(&format!("{path}/{name}"), body).await
    };
    let made = put("new-request", "old").await.data(200);
    assert_eq!(made, json!({ "name": "new-request", "needsRestart": true }));
    put("new-request", content).await.data(200);
    put("Daily_Review-2", "é").await.data(200);
    assert_eq!(
        admin.get(&path).await.data(200),
        json!({ "rules": [
            { "name": "Daily_Review-2", "size": 2 },
            { "name": "new-request", "size": content.len() },
        ] })
    );
    let read = admin.get(&format!("{path}/new-request")).await.data(200);
    assert_eq!(read, json!({ "name": "new-request", "content": content }));

    admin
        .post(&format!("{agent}/restart"), json!({}))
        .await
        .data(200);
    let old = format!("{path}/new-request");
    let deleted = admin.delete(&old).await.data(200);
    assert_eq!(
        deleted,
        json!({ "name": "new-request", "deleted": true, "needsRestart": true })
    );
    assert_eq!(admin.get(&agent).await.data(200)["needsRestart"], true);
    for answer in [admin.get(&old).await, admin.delete(&old).await] {
        answer.error(404, "rule_not_found");
    }

    admin
        .post(&format!("{agent}/stop"), json!({}))
        .await
        .data(200);
    let stopped = put("later", "text").await.data(200);
    assert_eq!(stopped["needsRestart"], false, "it does not run");
    let deleted = admin.delete(&format!("{path}/later")).await.data(200);
    assert_eq!(deleted["needsRestart"], false);
}

#[tokio::test]
async fn names_and_texts_are_checked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}/rules", admin.agent().await);
    let most = 32 << 10;
    for (name, bytes) in [
        ("a".repeat(64), 1),
        ("a".repeat(63), most - 1),
        ("_".into(), most),
    ] {
        let body = json!({ "content": "x".repeat(bytes) });
        admin.put(&format!("{path}/{name}"), body).await.data(200);
    }
    let long = "a".repeat(65);
    for name in [
        "a.md",
        "a%20b",
        "%C3%A9",
        "..%2Fsoul",
        "a%00",
        "%0A",
        long.as_str(),
    ] {
        let path = format!("{path}/{name}");
        for answer in [
            admin.put(&path, json!({ "content": "x" })).await,
            admin.get(&path).await,
            admin.delete(&path).await,
        ] {
            let message = answer.error(400, "validation_error");
            assert!(
                message.contains("name") && message.contains(".md"),
                "{message}"
            );
        }
    }
    for (body, named) in [
        (json!({ "content": "x".repeat(most + 1) }), "content"),
        (json!({}), "content"),
        (json!({ "content": null }), "content"),
        (json!({ "content": "a\0" }), "U+0000"),
    ] {
        let message = admin.put(&format!("{path}/b"), body).await;
        let message = message.error(400, "validation_error");
        assert!(message.contains(named), "{message}");
    }
    admin
        .get(&format!("{path}/b"))
        .await
        .error(404, "rule_not_found");
}

#[tokio::test]
async fn an_agent_has_at_most_a_hundred() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}/rules", admin.agent().await);
    let put = async |number: usize| {
        let body = json!({ "content": "text" });
        admin.put(&format!("{path}/rule{number}"), body).await
    };
    for number in 0..100 {
        put(number).await.data(200);
    }
    let message = put(100).await.error(403, "limit_reached");
    assert!(message.contains("101 rules; it may have 100"), "{message}");
    put(99).await.data(200);
    admin.delete(&format!("{path}/rule0")).await.data(200);
    put(100).await.data(200);
}
