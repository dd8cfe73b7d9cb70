//! What a model reads of its skills: a skill of instructions alone is of use, too.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skillgate_skill::Package;
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills::{sign, signing_key};

const TRIAGE: &str = "---\nname: triage\ndescription: Sorts tickets.\nmetadata:\n  version: \"1.0.0\"\n  skillgate:\n    \
                      category: support\n---\n# Triage\n\nAsk for the number first.\n";

fn triage() -> Package {
    let files = [
        ("SKILL.md", TRIAGE.as_bytes()),
        ("references/MATRIX.md", b"# Matrix\n"),
        ("references/logo.bin", b"\xff\xfe"),
        ("scripts/classify.py", b"print(1)\n"),
    ];
    let files = files.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    Package::from_files(BTreeMap::from(files)).unwrap()
}

/// An agent with the skill, whose model asks for it with each of these arguments.
async fn asking(arguments: &[Value]) -> (TestApp, Client, String) {
    let ask = |arguments: &Value| {
        let call = json!({ "type": "tool_call", "name": "skill_query", "arguments": arguments });
        json!({ "parts": [call] })
    };
    let mut turns: Vec<Value> = arguments.iter().map(ask).collect();
    turns.push(json!({ "parts": [{ "type": "text", "text": "Done." }] }));
    let app = TestApp::with_script(json!({ "turns": turns })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin.equip(&agent, &sign(triage(), &key, &[]), &key).await;
    (app, admin, agent)
}

#[tokio::test]
async fn a_skill_of_instructions_reaches_the_model() {
    let arguments = [
        json!({ "skillId": "triage", "query": "how?" }),
        json!({ "skillId": "triage", "referenceFile": "MATRIX.md" }),
        json!({ "skillId": "triage", "referenceFile": "logo.bin" }),
        json!({ "skillId": "triage", "referenceFile": "../SKILL.md" }),
        json!({ "skillId": "unknown" }),
        json!({ "query": "how?" }),
    ];
    let (app, admin, agent) = asking(&arguments).await;
    let mut events = admin.chat(&agent, "Sort this.").await;
    let mut results = Vec::new();
    for _ in &arguments {
        results.push(events.until("tool_result").await);
    }
    events.until("done").await;
    assert!(results[0]["skillId"].is_null() && results[0].get("skillVersion").is_some());

    let first: Value = serde_json::from_str(results[0]["content"].as_str().unwrap()).unwrap();
    assert_eq!(
        first,
        json!({
            "skill": {
                "id": "triage", "name": "triage", "description": "Sorts tickets.", "category": "support",
            },
            "instructions": "# Triage\n\nAsk for the number first.\n",
            "references": [],
            "availableReferences": ["MATRIX.md", "logo.bin"],
            "availableScripts": ["classify.py"],
        })
    );
    let second: Value = serde_json::from_str(results[1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(
        second["references"],
        json!([{ "filename": "MATRIX.md", "content": "# Matrix\n" }])
    );
    for (result, told) in results[2..].iter().zip([
        "holds no text",
        "It has: MATRIX.md, logo.bin.",
        "There are: triage.",
        "skillId",
    ]) {
        let content = result["content"].as_str().unwrap();
        assert_eq!(result["isError"], true, "{content}");
        assert!(content.contains(told), "{content}");
    }

    // The model knew of it: from the catalogue and among the tools.
    let asked = &app.script.requests()[0];
    assert_eq!(asked.tools.len(), 1);
    assert_eq!(asked.tools[0].name, "skill_query");
    assert!(asked.system.contains("Sorts tickets."), "{}", asked.system);
}

#[tokio::test]
async fn a_skill_whose_grant_was_revoked_is_not_read() {
    let (_app, admin, agent) = asking(&[json!({ "skillId": "triage" })]).await;
    let grants = admin.get("/v1/permission-grants").await.data(200);
    let grant = grants[0]["id"].as_str().unwrap();
    admin
        .delete(&format!("/v1/permission-grants/{grant}"))
        .await
        .data(200);
    let mut events = admin.chat(&agent, "Sort this.").await;
    let result = events.until("tool_result").await;
    let content = result["content"].as_str().unwrap();
    assert_eq!(result["isError"], true, "{content}");
    assert!(content.contains("grant was revoked"), "{content}");
    assert!(!content.contains("Ask for the number"), "{content}");
}

#[tokio::test]
async fn an_agent_without_skills_is_offered_nothing_to_ask() {
    let turns = json!({ "turns": [{ "parts": [{ "type": "text", "text": "Hello." }] }] });
    let app = TestApp::with_script(turns).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    admin.chat(&agent, "Hello?").await.until("done").await;
    assert!(app.script.requests()[0].tools.is_empty());
}
