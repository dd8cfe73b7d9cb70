//! WORKFLOW.md over the API.

use serde_json::json;
use skillgate_tests::app::TestApp;
use skillgate_tests::sample::assert_like;

#[tokio::test]
async fn it_is_read_and_replaced_while_the_agent_runs() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let text = "# Workflow\n\n## Role\n\nCustomer support agent.";
    let agent = json!({ "name": "Ada", "workflowMd": text });
    let made = admin.post("/v1/agents", agent).await.data(201);
    let agent = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    let path = format!("{agent}/workflow");
    let none = admin.get(&path).await.data(200);
    assert_eq!(none, json!({ "workflowMd": text, "rules": [] }));
    let rule = json!({ "content": "# Handle New Requests" });
    let rule_path = format!("{agent}/rules/example-new-request");
    admin.put(&rule_path, rule).await.data(200);
    let sample = json!({ "workflowMd": text, "rules": ["example-new-request.md"] });
    assert_eq!(admin.get(&path).await.data(200), sample);

    admin
        .post(&format!("{agent}/restart"), json!({}))
        .await
        .data(200);
    let new = format!("{text}\n\n## Daily Priorities\n\n1. Respond to tickets");
    let set = admin
        .put(&path, json!({ "workflowMd": new }))
        .await
        .data(200);
    assert_eq!(set, json!({ "workflowMd": new, "needsRestart": true }));
    let full = admin.get(&agent).await.data(200);
    assert_eq!(
        (&full["workflowMd"], &full["needsRestart"]),
        (&json!(new), &json!(true)),
        "a write is seen at once"
    );
    assert_like(&sample, &admin.get(&path).await.data(200));

    admin
        .post(&format!("{agent}/stop"), json!({}))
        .await
        .data(200);
    for answer in [
        admin.get(&path).await,
        admin.put(&path, json!({ "workflowMd": "late" })).await,
    ] {
        let message = answer.error(409, "conflict");
        assert!(message.contains("stopped"), "{message}");
    }
    assert_eq!(admin.get(&agent).await.data(200)["workflowMd"], new);
}

#[tokio::test]
async fn texts_are_bounded() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}/workflow", admin.agent().await);
    let most = 256 << 10;
    for bytes in [0, most - 1, most] {
        let set = json!({ "workflowMd": "x".repeat(bytes) });
        admin.put(&path, set).await.data(200);
    }
    for (body, named) in [
        (json!({ "workflowMd": "x".repeat(most + 1) }), "workflowMd"),
        (json!({}), "workflowMd"),
        (json!({ "workflowMd": null }), "workflowMd"),
        (json!({ "workflowMd": "a\0" }), "U+0000"),
    ] {
        let message = admin.put(&path, body).await.error(400, "validation_error");
        assert!(message.contains(named), "{message}");
    }
}
