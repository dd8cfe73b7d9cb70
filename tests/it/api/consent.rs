//! A version that takes another's place on an agent: what it may do there, and who has to say so.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::skills::{component, manifest, package, sign_with_its_tools, signing_key};

/// Publishes a version of `echo` that asks for these settings.
async fn publish(client: &Client, version: &str, settings: &[&str]) {
    publish_signed_by(client, version, settings, 1).await;
}

async fn publish_signed_by(client: &Client, version: &str, settings: &[&str], key: u8) {
    let names: String = settings
        .iter()
        .map(|name| format!("        - {name}\n"))
        .collect();
    let asked = match settings.is_empty() {
        true => String::new(),
        false => format!("  skillgate:\n    permissions:\n      config:\n{names}"),
    };
    let text = manifest("echo").replacen("0.1.0", version, 1);
    let text = text.replacen(
        "  author: skillgate\n",
        &format!("  author: skillgate\n{asked}"),
        1,
    );
    let signed = sign_with_its_tools(package(&text, &component("echo")), &signing_key(key)).await;
    client.upload(&signed).await.data(201);
}

async fn an_agent_with(client: &Client, settings: &[&str]) -> String {
    client.register(&signing_key(1)).await.data(201);
    publish(client, "1.0.0", settings).await;
    let agent = client.agent().await;
    install(client, &agent, json!({})).await.data(201);
    agent
}

async fn install(client: &Client, agent: &str, more: Value) -> skillgate_tests::app::Answer {
    let mut body = json!({ "skillId": "echo", "trustLevel": "clawhub" });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    client
        .post(&format!("/v1/agents/{agent}/skills"), body)
        .await
}

async fn installed_version(client: &Client, agent: &str) -> Value {
    let skills = client.get(&format!("/v1/agents/{agent}/skills")).await.body;
    skills["data"][0]["installedVersion"].clone()
}

#[tokio::test]
async fn a_version_that_asks_for_more_needs_consent() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = an_agent_with(&admin, &["A"]).await;
    publish(&admin, "1.1.0", &["A", "B"]).await;

    let refused = install(&admin, &agent, json!({})).await;
    let error = &refused.body["error"];
    assert_eq!(refused.status, 409, "{error}");
    assert_eq!(error["code"], "consent_required");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("1.1.0 of echo") && message.contains("- B"),
        "{message}"
    );
    assert_eq!(
        error["difference"],
        json!({
            "permissions": { "added": { "config": ["B"] }, "removed": {} },
            "tools": [],
            "signer": null,
        })
    );
    assert_eq!(installed_version(&admin, &agent).await, "1.0.0");

    let narrow = json!({ "permissions": { "config": ["B"] } });
    let installed = install(&admin, &agent, narrow).await.data(201);
    assert_eq!(installed["permissions"], json!({ "config": ["B"] }));
    assert_eq!(installed_version(&admin, &agent).await, "1.1.0");
}

#[tokio::test]
async fn a_version_that_asks_for_no_more_keeps_the_grant_as_it_was_narrowed() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    admin.register(&signing_key(1)).await.data(201);
    publish(&admin, "1.0.0", &["A", "B"]).await;
    let agent = admin.agent().await;
    let narrow = json!({ "permissions": { "config": ["A"] } });
    install(&admin, &agent, narrow).await.data(201);
    publish(&admin, "1.1.0", &["A", "B"]).await;
    let kept = install(&admin, &agent, json!({})).await.data(201);
    assert_eq!(kept["installedVersion"], "1.1.0");
    assert_eq!(kept["permissions"], json!({ "config": ["A"] }));
}

#[tokio::test]
async fn a_grant_that_was_revoked_stays_revoked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = an_agent_with(&admin, &["A"]).await;
    let store = &app.store;
    let (skill, version) = store
        .get_version(&admin.account, "echo", None)
        .await
        .unwrap()
        .unwrap();
    let key = version.publisher_key_id.as_deref();
    let grant = store
        .effective_grant(&admin.account, &agent, &skill.id, key)
        .await
        .unwrap()
        .unwrap();
    store.revoke_grant(&admin.account, &grant.id).await.unwrap();
    publish(&admin, "1.1.0", &["A"]).await;
    let installed = install(&admin, &agent, json!({})).await.data(201);
    assert_eq!(installed["permissions"], json!({}));
}

#[tokio::test]
async fn another_signer_needs_consent() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = an_agent_with(&admin, &[]).await;
    admin.register(&signing_key(2)).await.data(201);
    publish_signed_by(&admin, "1.1.0", &[], 2).await;
    let refused = install(&admin, &agent, json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    let signer = &refused.body["error"]["difference"]["signer"];
    assert!(
        signer["before"].is_string() && signer["before"] != signer["after"],
        "{signer}"
    );
    let consented = json!({ "permissions": {} });
    install(&admin, &agent, consented).await.data(201);
}
