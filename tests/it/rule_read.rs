//! What the model is told of its agent: its name, and its rules, which it reads with `rule_read`.

use serde_json::{Value, json};
use skillgate_tests::app::TestApp;

#[tokio::test]
async fn the_model_reads_the_rules_that_the_prompt_lists() {
    let arguments = [
        json!({ "name": "new-request" }),
        json!({ "name": "rules/new-request.md" }),
        json!({ "name": "../SOUL" }),
        json!({}),
    ];
    let ask = |arguments: &Value| {
        let call = json!({ "type": "tool_call", "name": "rule_read", "arguments": arguments });
        json!({ "parts": [call] })
    };
    let mut turns: Vec<Value> = arguments.iter().map(ask).collect();
    let done = json!({ "parts": [{ "type": "text", "text": "Done." }] });
    turns.extend([done.clone(), done]);
    let app = TestApp::with_script(json!({ "turns": turns })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}");
    let rule = format!("# Handle New Requests\n\n{}", "\n".repeat(30_000));
    for (name, content) in [("new-request", rule.as_str()), ("daily-review", "# Review")] {
        let rule_path = format!("{path}/rules/{name}");
        let put = admin.put(&rule_path, json!({ "content": content }));
        put.await.data(200);
    }
    let mut events = admin.chat(&agent, "A new request.").await;
    let mut results = Vec::new();
    for _ in &arguments {
        results.push(events.until("tool_result").await);
    }
    events.until("done").await;
    for result in &results[..2] {
        assert_eq!(
            (&result["content"], &result["isError"]),
            (&json!(rule), &json!(false)),
            "a rule is shown whole"
        );
    }
    let unknown = results[2]["content"].as_str().unwrap();
    assert!(unknown.contains("daily-review, new-request"), "{unknown}");
    assert!(results[2..].iter().all(|result| result["isError"] == true));

    let asked = &app.script.requests()[0];
    assert!(asked.system.contains("- **Name:** Ada"), "{}", asked.system);
    assert!(
        asked.system.contains("- daily-review\n- new-request"),
        "{}",
        asked.system
    );
    assert!(asked.tools.iter().any(|tool| tool.name == "rule_read"));

    // Without rules there is nothing to read.
    for name in ["new-request", "daily-review"] {
        admin
            .delete(&format!("{path}/rules/{name}"))
            .await
            .data(200);
    }
    admin.chat(&agent, "And now?").await.until("done").await;
    let asked = app.script.requests();
    let asked = asked.last().unwrap();
    assert!(!asked.system.contains("rule_read") && asked.tools.is_empty());
}
