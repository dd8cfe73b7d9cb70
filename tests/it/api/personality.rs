//! SOUL.md and IDENTITY.md over the API.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::postgres;
use skillgate_tests::sample::assert_like;

const SOUL: &str = "# SOUL.md\n\nYou are a helpful assistant.";

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The path of the personality of an agent called "My Assistant".
async fn personality(client: &Client) -> String {
    let agent = json!({ "name": "My Assistant", "soulMd": SOUL });
    let made = client.post("/v1/agents", agent).await.data(201);
    format!("/v1/agents/{}/personality", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn it_is_read_and_replaced_as_the_specification_shows() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = personality(&admin).await;
    let read = admin.get(&path).await.data(200);
    let sample = json!({
        "soulMd": "# SOUL.md\n\nYou are a helpful assistant.",
        "identityMd": "# IDENTITY.md\n\n- **Name:** My Assistant",
        "soulMdHash": "a1b2c3d4e5f6...",
        "soulMdUpdatedAt": "2026-02-10T14:00:00.000Z"
    });
    assert_like(&sample, &read);
    assert_eq!(
        (&read["soulMd"], &read["identityMd"], &read["soulMdHash"]),
        (&sample["soulMd"], &sample["identityMd"], &json!(hash(SOUL)))
    );

    let new = "# SOUL.md\n\nYou are a professional customer support agent.";
    let set = json!({ "soulMd": new, "expectedHash": hash(SOUL) });
    let set = admin.put(&path, set).await.data(200);
    let sample = json!({
        "soulMd": new,
        "soulMdHash": "f6e5d4c3b2a1...",
        "soulMdUpdatedAt": "2026-02-10T15:30:00.000Z",
        "needsRestart": true
    });
    assert_like(&sample, &set);
    assert_eq!(
        (&set["soulMd"], &set["soulMdHash"], &set["needsRestart"]),
        (&json!(new), &json!(hash(new)), &json!(true))
    );
    assert!(set["soulMdUpdatedAt"].as_str() >= read["soulMdUpdatedAt"].as_str());
    let now = admin.get(&path).await.data(200);
    for field in ["soulMd", "soulMdHash", "soulMdUpdatedAt"] {
        assert_eq!(now[field], set[field], "a write is seen at once");
    }
    let agent = path.strip_suffix("/personality").unwrap();
    assert_eq!(admin.get(agent).await.data(200)["needsRestart"], true);
}

#[tokio::test]
async fn a_change_of_another_text_than_expected_is_refused() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = personality(&admin).await;
    let set = async |text: &str, expected: Value| {
        let body = json!({ "soulMd": text, "expectedHash": expected });
        admin.put(&path, body).await
    };
    for wrong in [hash("another"), String::new(), "x".repeat(1_000)] {
        let message = set("new", json!(wrong)).await.error(409, "conflict");
        assert!(message.contains("expectedHash") && message.contains(&hash(SOUL)));
        assert!(message.len() < 500, "{message}");
    }
    set("new", json!(5)).await.error(400, "validation_error");
    let agent = path.strip_suffix("/personality").unwrap();
    assert_eq!(admin.get(agent).await.data(200)["needsRestart"], false);
    assert_eq!(admin.get(&path).await.data(200)["soulMd"], SOUL);
    set("new", json!(hash(SOUL).to_uppercase())).await.data(200);
    set("newer", json!(null)).await.data(200);
}

#[tokio::test]
async fn earlier_versions_are_listed_and_read() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = personality(&admin).await;
    let versions = format!("{path}/versions");
    let none = admin.get(&versions).await.body;
    let pagination = json!({ "total": 0, "limit": 0, "offset": 0 });
    assert_eq!(none, json!({ "data": [], "pagination": pagination }));
    let first = admin.get(&path).await.data(200);
    for number in 1..=22 {
        let set = json!({ "soulMd": format!("Text {number}.") });
        admin.put(&path, set).await.data(200);
    }
    let listed = admin.get(&versions).await.body;
    let pagination = json!({ "total": 20, "limit": 20, "offset": 0 });
    assert_eq!(
        listed["pagination"], pagination,
        "the newest twenty are kept"
    );
    let newest = &listed["data"][0];
    let sample = json!({
        "version": 22,
        "soulMdHash": hash("Text 21."),
        "soulMdUpdatedAt": "2026-02-10T15:30:00.000Z",
        "size": 8
    });
    assert_like(&sample, newest);
    for field in ["version", "soulMdHash", "size"] {
        assert_eq!(newest[field], sample[field], "{field}");
    }
    let read = admin.get(&format!("{versions}/22")).await.data(200);
    assert_eq!(
        read,
        json!({
            "version": 22,
            "soulMd": "Text 21.",
            "soulMdHash": newest["soulMdHash"],
            "soulMdUpdatedAt": newest["soulMdUpdatedAt"]
        })
    );
    assert!(newest["soulMdUpdatedAt"].as_str() >= first["soulMdUpdatedAt"].as_str());
    for gone in [
        "1",
        "2",
        "23",
        "0",
        "-1",
        "99999999999999999999",
        "two",
        "%00",
    ] {
        let answer = admin.get(&format!("{versions}/{gone}")).await;
        answer.error(404, "personality_version_not_found");
    }
}

#[tokio::test]
async fn texts_are_bounded() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = personality(&admin).await;
    let most = 256 << 10;
    for bytes in [0, most - 1, most] {
        let set = json!({ "soulMd": "x".repeat(bytes) });
        admin.put(&path, set).await.data(200);
    }
    for (body, named) in [
        (json!({ "soulMd": "x".repeat(most + 1) }), "soulMd"),
        (
            json!({ "soulMd": format!("é{}", "x".repeat(most - 1)) }),
            "soulMd",
        ),
        (json!({}), "soulMd"),
        (json!({ "soulMd": null }), "soulMd"),
        (json!({ "soulMd": 1 }), "soulMd"),
        (json!({ "soulMd": "a\0" }), "U+0000"),
    ] {
        let message = admin.put(&path, body).await.error(400, "validation_error");
        assert!(message.contains(named), "{message}");
    }
    let large = json!({ "soulMd": "x".repeat(2 << 20) });
    admin
        .put(&path, large)
        .await
        .error(413, "payload_too_large");
}

#[tokio::test]
async fn of_two_changes_at_the_same_time_one_is_made() {
    for database in [None, Some(postgres::database().await)] {
        let app = TestApp::start(Setup {
            database,
            ..Setup::default()
        })
        .await;
        let admin = app.admin().await;
        let path = personality(&admin).await;
        for round in 0..10 {
            let read = admin.get(&path).await.data(200);
            let set = async |who: &str| {
                let text = format!("{who} {round}");
                let body = json!({ "soulMd": text, "expectedHash": read["soulMdHash"] });
                admin.put(&path, body).await
            };
            let answers = tokio::join!(set("one"), set("two"));
            let mut statuses = [answers.0.status, answers.1.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409]);
            let made = if answers.0.status == 200 {
                answers.0
            } else {
                answers.1
            };
            let now = admin.get(&path).await.data(200);
            assert_eq!(now["soulMd"], made.data(200)["soulMd"]);
        }
    }
}
