//! A version that takes another's place on an agent: what it may do there, and who has to say so.

use serde_json::{Value, json};
use skillgate_tests::app::{Answer, Client, Setup, TestApp};
use skillgate_tests::postgres;
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

async fn install(client: &Client, agent: &str, more: Value) -> Answer {
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
    let task = error["taskId"].as_str().unwrap();
    assert!(
        task.starts_with("task_") && message.contains(task),
        "{message}"
    );
    assert_eq!(installed_version(&admin, &agent).await, "1.0.0");

    let narrow = json!({ "permissions": { "config": ["B"] } });
    let installed = install(&admin, &agent, narrow).await.data(201);
    assert_eq!(installed["permissions"], json!({ "config": ["B"] }));
    assert_eq!(installed_version(&admin, &agent).await, "1.1.0");
    let late = decide(&admin, task, "approve").await;
    assert!(late.error(409, "conflict").contains("expired"));
}

/// The task that an update needs a decision on, and the server.
async fn an_update_to_decide(database: Option<String>) -> (TestApp, Client, String, String) {
    let app = TestApp::start(Setup {
        database,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = an_agent_with(&admin, &["A"]).await;
    publish(&admin, "1.1.0", &["A", "B"]).await;
    let refused = install(&admin, &agent, json!({})).await;
    let task = refused.body["error"]["taskId"].as_str().unwrap();
    (app, admin, agent, task.to_owned())
}

async fn decide(client: &Client, task: &str, how: &str) -> Answer {
    client
        .post(&format!("/v1/tasks/{task}/{how}"), json!({}))
        .await
}

#[tokio::test]
async fn approving_the_task_installs_what_it_showed() {
    let (_app, admin, agent, task) = an_update_to_decide(None).await;
    let again = install(&admin, &agent, json!({})).await;
    assert_eq!(again.body["error"]["taskId"], *task, "reused, not doubled");
    let shown = admin.get(&format!("/v1/tasks/{task}")).await.data(200);
    assert_eq!(shown["kind"], "consent");
    let subject = &shown["subject"];
    assert_eq!(
        (&subject["skill"], &subject["version"], &subject["replaces"]),
        (&json!("echo"), &json!("1.1.0"), &json!("1.0.0"))
    );
    assert_eq!(subject["difference"], again.body["error"]["difference"]);
    assert_eq!(subject["permissions"], json!({ "config": ["A", "B"] }));
    let listed = admin.get("/v1/tasks?status=pending").await;
    assert_eq!(listed.body["pagination"]["total"], 1);
    assert_eq!(listed.data(200)[0], shown);

    let approved = decide(&admin, &task, "approve").await.data(200);
    assert_eq!(approved["status"], "approved");
    assert_eq!(installed_version(&admin, &agent).await, "1.1.0");
    let grants = format!("/v1/permission-grants?agentId={agent}&skillId=echo");
    let grants = admin.get(&grants).await.data(200);
    assert_eq!(grants[0]["permissions"], json!({ "config": ["A", "B"] }));
    assert_eq!(grants[0]["grantedBy"], approved["decidedBy"]);
    assert!(grants[0]["revokedAt"].is_null() && grants[1]["revokedAt"].is_string());
    let status = admin.get(&format!("/v1/agents/{agent}")).await.data(200);
    assert_eq!(status["needsRestart"], true);
    let twice = decide(&admin, &task, "approve").await;
    assert!(twice.error(409, "conflict").contains("approved already"));
}

#[tokio::test]
async fn denying_the_task_leaves_the_old_version() {
    let (_app, admin, agent, task) = an_update_to_decide(None).await;
    let denied = decide(&admin, &task, "deny").await.data(200);
    assert_eq!(denied["status"], "denied");
    assert_eq!(installed_version(&admin, &agent).await, "1.0.0");
    let late = decide(&admin, &task, "approve").await;
    assert!(late.error(409, "conflict").contains("denied already"));
    assert_eq!(installed_version(&admin, &agent).await, "1.0.0");
    let refused = install(&admin, &agent, json!({})).await;
    let anew = &refused.body["error"]["taskId"];
    assert!(anew.is_string() && *anew != *task, "asked anew: {anew}");
}

#[tokio::test]
async fn a_consent_holds_for_what_was_shown_alone() {
    let (_app, admin, agent, task) = an_update_to_decide(None).await;
    publish(&admin, "1.2.0", &["A", "B", "C"]).await;
    let late = decide(&admin, &task, "approve").await;
    let message = late.error(409, "conflict");
    assert!(
        message.contains("1.1.0") && message.contains("1.2.0"),
        "{message}"
    );
    assert_eq!(installed_version(&admin, &agent).await, "1.0.0");

    // Who names a version gets that one, whatever was published since.
    let named = install(&admin, &agent, json!({ "version": "1.2.0" })).await;
    publish(&admin, "1.3.0", &["A", "B", "C", "D"]).await;
    let named = named.body["error"]["taskId"].as_str().unwrap().to_owned();
    decide(&admin, &named, "approve").await.data(200);
    assert_eq!(installed_version(&admin, &agent).await, "1.2.0");

    let refused = install(&admin, &agent, json!({})).await;
    let task = refused.body["error"]["taskId"].as_str().unwrap().to_owned();
    admin.delete("/v1/skills/echo").await.data(200);
    let gone = decide(&admin, &task, "approve").await;
    let message = gone.error(409, "conflict");
    assert!(message.contains("cannot be installed"), "{message}");
}

#[tokio::test]
async fn of_an_approval_and_a_denial_at_once_one_holds() {
    for database in [None, Some(postgres::database().await)] {
        let (_app, admin, agent, task) = an_update_to_decide(database).await;
        let (approved, denied) = tokio::join!(
            decide(&admin, &task, "approve"),
            decide(&admin, &task, "deny")
        );
        let mut statuses = [approved.status, denied.status];
        let installed = match approved.status {
            200 => "1.1.0",
            _ => "1.0.0",
        };
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(installed_version(&admin, &agent).await, installed);
    }
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
