//! `notes`: what one call keeps, the next call of the same user finds, and nobody else.

use serde_json::{Value, json};
use skillgate_runtime::{Call, Outcome, Skill, StateScope};
use skillgate_tests::app::TestApp;
use skillgate_tests::skills;

use super::given::{granted, package, runtime, text};

fn peer(name: &str) -> StateScope {
    StateScope {
        account: "account".into(),
        agent: "agent".into(),
        peer: name.into(),
        skill: "notes".into(),
    }
}

async fn outcome(skill: &Skill, who: &str, tool: &str, arguments: Value) -> Outcome {
    let call = Call {
        scope: peer(who),
        ..granted(skill, tool, &arguments)
    };
    skill.call(call).await.unwrap().outcome
}

async fn json_of(skill: &Skill, who: &str, tool: &str, arguments: Value) -> Value {
    serde_json::from_str(&text(&outcome(skill, who, tool, arguments).await)).unwrap()
}

#[tokio::test]
async fn a_note_lives_until_it_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("notes"))
        .await
        .unwrap();
    let note = json!({ "title": "Shopping", "text": "milk and eggs" });
    let added = json_of(&skill, "ada", "add", note).await;
    assert_eq!(
        (&added["id"], &added["title"]),
        (&json!(1), &json!("Shopping"))
    );
    assert_eq!(
        json_of(&skill, "ada", "list", json!({})).await,
        json!({ "notes": [added] })
    );
    let found = json_of(&skill, "ada", "search", json!({ "query": "EGGS milk" })).await;
    assert_eq!(found["notes"][0]["excerpt"], "milk and eggs");
    let read = text(&outcome(&skill, "ada", "read", json!({ "id": 1 })).await);
    assert!(read.ends_with("\n\nmilk and eggs"), "{read}");
    let deleted = outcome(&skill, "ada", "delete", json!({ "id": 1 })).await;
    assert_eq!(text(&deleted), "Deleted note 1, \"Shopping\".");
    assert_eq!(
        json_of(&skill, "ada", "list", json!({})).await,
        json!({ "notes": [] })
    );
}

#[tokio::test]
async fn notes_outlive_the_runtime_and_stay_with_their_user() {
    let folder = tempfile::tempdir().unwrap();
    let note = json!({ "title": "Secret", "text": "of Ada" });
    let first = runtime(folder.path())
        .load(&package("notes"))
        .await
        .unwrap();
    json_of(&first, "ada", "add", note).await;
    drop(first);
    let second = runtime(folder.path())
        .load(&package("notes"))
        .await
        .unwrap();
    let ada = json_of(&second, "ada", "list", json!({})).await;
    assert_eq!(ada["notes"][0]["title"], "Secret");
    assert_eq!(
        json_of(&second, "eve", "list", json!({})).await,
        json!({ "notes": [] })
    );
}

#[tokio::test]
async fn without_the_grant_the_denial_says_what_to_add() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("notes"))
        .await
        .unwrap();
    let call = Call {
        scope: peer("ada"),
        ..Call::new("list", "{}")
    };
    let Outcome::Denied(denial) = skill.call(call).await.unwrap().outcome else {
        panic!("not denied");
    };
    assert!(denial.yaml.contains("kv:"), "{denial}");
}

#[tokio::test]
async fn notes_go_with_their_agent() {
    let arguments = json!({ "title": "Secret", "text": "of Ada" });
    let call = json!({ "type": "tool_call", "name": "notes__add", "arguments": arguments });
    let app = TestApp::with_script(json!({ "turns": [
        { "parts": [call] },
        { "parts": [{ "type": "text", "text": "Noted." }] },
    ] }))
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    let package = skills::sign_with_its_tools(package("notes"), &key).await;
    admin.equip(&agent, &package, &key).await;
    // Each account's folder holds one for each of its agents.
    let kept = || -> usize {
        let accounts = std::fs::read_dir(app.state())
            .into_iter()
            .flatten()
            .flatten();
        let accounts = accounts.filter(|account| account.file_name() != "trash");
        let agents = accounts.map(|account| std::fs::read_dir(account.path()).unwrap().count());
        agents.sum()
    };
    assert_eq!(kept(), 0);
    admin
        .chat(&agent, "Note my secret.")
        .await
        .until("done")
        .await;
    assert_eq!(kept(), 1);
    admin.delete(&format!("/v1/agents/{agent}")).await.data(200);
    assert_eq!(kept(), 0);
}
