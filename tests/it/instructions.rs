//! Skills that are a SKILL.md alone, sent without a signature, for the account itself.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use skillgate_service::config::{AccountLimits, ServiceLimits};
use skillgate_tests::app::{Answer, Client, Setup, TestApp};
use skillgate_tests::skills::{signed, signing_key};

fn skill_md(name: &str, body: &str) -> String {
    format!("---\nname: {name}\ndescription: Sorts tickets.\n---\n{body}\n")
}

/// Sends a text as it is.
async fn send(client: &Client, method: Method, path: &str, kind: &str, text: String) -> Answer {
    let request = client.request(method, path).header("content-type", kind);
    client.send(request.body(text)).await
}

async fn post(client: &Client, text: String) -> Answer {
    send(client, Method::POST, "/v1/skills", "text/markdown", text).await
}

/// A server with the skill `triage`, whose model asks for it once.
async fn asking_for_triage() -> (TestApp, Client) {
    let call =
        json!({ "type": "tool_call", "name": "skill_query", "arguments": { "skillId": "triage" } });
    let text = json!({ "type": "text", "text": "Done." });
    let script = json!({ "turns": [{ "parts": [call] }, { "parts": [text] }] });
    let app = TestApp::with_script(script).await;
    let admin = app.admin().await;
    post(&admin, skill_md("triage", "Ask for the number."))
        .await
        .data(201);
    (app, admin)
}

#[tokio::test]
async fn a_skill_md_is_published_in_each_way_and_counted_up() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let first = post(&admin, skill_md("triage", "One.")).await.data(201);
    assert_eq!(
        [
            &first["id"],
            &first["version"],
            &first["enhancedDescription"]
        ],
        ["triage", "1.0.0", "One.\n"]
    );
    assert_eq!(
        (&first["keyId"], &first["publisher"], &first["toolCount"]),
        (&Value::Null, &Value::Null, &json!(0))
    );
    let again = post(&admin, skill_md("triage", "One.")).await.data(201);
    assert_eq!(again["version"], "1.0.0", "the same content");

    let json = json!({ "skillMd": skill_md("triage", "Two.") });
    let second = admin.post("/v1/skills", json).await.data(201);
    assert_eq!(second["version"], "1.0.1");
    let form = Form::new().part("skillMd", Part::text(skill_md("triage", "Three.")));
    let request = admin.request(Method::POST, "/v1/skills").multipart(form);
    assert_eq!(admin.send(request).await.data(201)["version"], "1.0.2");

    let put = async |id: &str, text: String| {
        let path = format!("/v1/skills/{id}");
        send(&admin, Method::PUT, &path, "text/markdown", text).await
    };
    let fourth = put("triage", skill_md("triage", "Four.")).await.data(200);
    assert_eq!(fourth["version"], "1.0.3");
    let named =
        skill_md("triage", "Five.").replace("\n---\n", "\nmetadata:\n  version: 2.0.0\n---\n");
    let fifth = put(fourth["uuid"].as_str().unwrap(), named.clone()).await;
    assert_eq!(fifth.data(200)["version"], "2.0.0");
    let other = named.replace("Five.", "Six.");
    put("triage", other).await.error(409, "conflict");
    let shown = admin.get("/v1/skills/triage").await.data(200);
    assert_eq!(
        (&shown["latestVersion"], &shown["enhancedDescription"]),
        (&json!("2.0.0"), &json!("Five.\n"))
    );

    put("unknown", skill_md("unknown", "x"))
        .await
        .error(404, "skill_not_found");
    let renamed = put("triage", skill_md("other", "x")).await;
    let message = renamed.error(400, "validation_error");
    assert!(message.contains("cannot replace triage"), "{message}");
}

#[tokio::test]
async fn what_is_no_skill_md_is_refused() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    for (kind, text, status, code) in [
        (
            "text/plain",
            skill_md("a", "x"),
            415,
            "unsupported_media_type",
        ),
        (
            "text/markdown",
            "# No frontmatter".to_owned(),
            400,
            "validation_error",
        ),
        (
            "text/markdown",
            skill_md("Not A Name", "x"),
            400,
            "validation_error",
        ),
        (
            "text/markdown",
            skill_md("a", &"x".repeat(256 << 10)),
            413,
            "payload_too_large",
        ),
        (
            "application/json",
            "x".repeat(600 << 10),
            413,
            "payload_too_large",
        ),
        (
            "application/json",
            "{\"skillMd\": 5}".to_owned(),
            400,
            "validation_error",
        ),
        (
            "application/json",
            "{\"skillMd\":\"a\",\"skillMd\":\"b\"}".to_owned(),
            400,
            "validation_error",
        ),
    ] {
        let answer = send(&admin, Method::POST, "/v1/skills", kind, text).await;
        answer.error(status, code);
    }
}

#[tokio::test]
async fn instructions_without_a_signature_are_for_their_account_and_replace_no_signed_skill() {
    let (_app, admin) = asking_for_triage().await;
    let agent = admin.agent().await;
    let wish = json!({ "skillId": "triage", "trustLevel": "clawhub" });
    let path = format!("/v1/agents/{agent}/skills");
    admin.post(&path, wish).await.data(201);
    let mut events = admin.chat(&agent, "Sort this.").await;
    let result = events.until("tool_result").await;
    assert!(
        result["content"]
            .as_str()
            .unwrap()
            .contains("Ask for the number.")
    );
    events.until("done").await;

    let key = signing_key(1);
    admin.register(&key).await.data(201);
    admin.upload(&signed("echo", &key).await).await.data(201);
    let message = post(&admin, skill_md("echo", "x"))
        .await
        .error(409, "conflict");
    assert!(message.contains("signed packages"), "{message}");
}

#[tokio::test]
async fn a_deleted_skill_is_gone_for_all_but_the_agent_that_has_it() {
    let (app, admin) = asking_for_triage().await;
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}/skills");
    let wish = json!({ "skillId": "triage", "trustLevel": "clawhub" });
    admin.post(&path, wish.clone()).await.data(201);

    let reader = app.client(&["skills:read"]).await;
    let refused = reader.delete("/v1/skills/triage").await;
    assert!(refused.error(403, "forbidden").contains("skills:write"));
    let stranger = app.stranger(&["skills"]).await;
    let hidden = stranger.delete("/v1/skills/triage").await;
    hidden.error(404, "skill_not_found");
    let deleted = admin.delete("/v1/skills/triage").await.data(200);
    assert_eq!(deleted, json!({ "id": "triage", "deleted": true }));
    for answer in [
        admin.delete("/v1/skills/triage").await,
        admin.get("/v1/skills/triage").await,
        admin.post(&path, wish).await,
    ] {
        answer.error(404, "skill_not_found");
    }
    let listed = admin.get("/v1/skills").await.data(200);
    assert_eq!(listed, json!([]));

    let mut events = admin.chat(&agent, "Sort this.").await;
    let result = events.until("tool_result").await;
    let said = result["content"].as_str().unwrap();
    assert!(said.contains("Ask for the number."), "{said}");
    events.until("done").await;
    let anew = post(&admin, skill_md("triage", "Other.")).await.data(201);
    assert_eq!(anew["version"], "1.0.0", "the name is free again");
    let removed = admin.delete(&format!("{path}/triage")).await.data(200);
    assert_eq!(removed["uninstalled"], true);
}

#[tokio::test]
async fn a_form_without_its_field_is_not_kept_in_memory() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let padding = vec![b'x'; 3 << 20];
    let no_boundary = admin
        .request(Method::POST, "/v1/skills")
        .header("content-type", "multipart/form-data; boundary=edge");
    let answer = admin.send(no_boundary.body(padding.clone())).await;
    answer.error(413, "payload_too_large");
    let form = Form::new()
        .part("other", Part::bytes(padding))
        .part("skillMd", Part::text(skill_md("triage", "One.")));
    let request = admin.request(Method::POST, "/v1/skills").multipart(form);
    admin.send(request).await.error(413, "payload_too_large");

    let large = admin.upload_bytes(vec![b'x'; 40 << 20]).await;
    let message = large.error(400, "validation_error");
    assert!(!message.contains("form"), "read to its end: {message}");
}

#[tokio::test]
async fn what_is_published_can_be_sent_again_at_the_quota() {
    let accounts = AccountLimits {
        versions: 1,
        ..AccountLimits::default()
    };
    let limits = ServiceLimits {
        accounts,
        ..ServiceLimits::default()
    };
    let app = TestApp::start(Setup {
        limits,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    for _ in 0..2 {
        let answer = post(&admin, skill_md("triage", "One.")).await.data(201);
        assert_eq!(answer["version"], "1.0.0");
    }
    let more = post(&admin, skill_md("triage", "Two.")).await;
    assert!(more.error(403, "limit_reached").contains("it may have 1."));
}

#[tokio::test]
async fn a_version_has_a_length() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let named = format!("\nmetadata:\n  version: 1.0.0-{}\n---\n", "a".repeat(100));
    let text = skill_md("triage", "One.").replace("\n---\n", &named);
    let message = post(&admin, text).await.error(400, "validation_error");
    assert!(message.contains("metadata.version"), "{message}");
}

#[tokio::test]
async fn an_agent_with_as_many_skills_as_it_may_have_can_update_them() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}/skills", admin.agent().await);
    let install = async |name: &str, body: &str| {
        post(&admin, skill_md(name, body)).await.data(201);
        let wish = json!({ "skillId": name, "trustLevel": "clawhub" });
        admin.post(&path, wish).await
    };
    for number in 0..100 {
        install(&format!("skill-{number}"), "One.").await.data(201);
    }
    let updated = install("skill-7", "Two.").await.data(201);
    assert_eq!(updated["installedVersion"], "1.0.1");
    install("one-more", "One.")
        .await
        .error(403, "limit_reached");
}
