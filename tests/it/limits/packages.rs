//! Packages: received at their sender's pace, counted, signed anew.

use std::time::Duration;

use serde_json::{Value, json};
use skillgate_service::config::{AccountLimits, LoadedSkillLimits, ServiceLimits};
use skillgate_tests::app::{Answer, Client, Setup, TestApp};
use skillgate_tests::skills::{signed, signing_key};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Longer than anything here takes; shorter than the time that a slow sender is given.
const HANG: Duration = Duration::from_secs(45);

async fn with(accounts: AccountLimits) -> TestApp {
    let limits = ServiceLimits {
        accounts,
        ..ServiceLimits::default()
    };
    TestApp::start(Setup {
        limits,
        ..Setup::default()
    })
    .await
}

/// Begins an upload and sends no more of it; it goes on as long as the connection is kept.
async fn trickle(client: &Client) -> TcpStream {
    let address = client.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/skills HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\ncontent-length: 100000\r\n\
         content-type: multipart/form-data; boundary=b\r\n\r\n\
         --b\r\ncontent-disposition: form-data; name=\"package\"; filename=\"a\"\r\n\r\nPK",
        client.key.as_ref().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn slow_uploads_keep_nobody_waiting() {
    let app = with(AccountLimits::default()).await;
    let admin = app.admin().await;
    admin.register(&signing_key(1)).await.data(201);
    let mut slow = Vec::new();
    for _ in 0..16 {
        slow.push(trickle(&admin).await);
    }
    let echo = signed("echo", &signing_key(1)).await;
    let upload = tokio::time::timeout(HANG, admin.upload(&echo)).await;
    upload.expect("an upload waits for slow ones").data(201);
}

#[tokio::test]
async fn versions_and_bytes_are_counted() {
    let app = with(AccountLimits {
        versions: 1,
        ..AccountLimits::default()
    })
    .await;
    let admin = app.admin().await;
    admin.register(&signing_key(1)).await.data(201);
    let echo = signed("echo", &signing_key(1)).await;
    admin.upload(&echo).await.data(201);
    let probe = signed("probe", &signing_key(1)).await;
    let message = admin.upload(&probe).await.error(403, "limit_reached");
    assert!(message.contains("it may have 1."), "{message}");
    admin.upload(&echo).await.data(201);

    let app = with(AccountLimits {
        package_bytes: 1_000,
        ..AccountLimits::default()
    })
    .await;
    let admin = app.admin().await;
    admin.register(&signing_key(1)).await.data(201);
    let message = admin.upload(&echo).await.error(403, "limit_reached");
    assert!(message.contains("they may have 1000."), "{message}");
}

/// Publishes two skills and tries to install both on one agent: bytes of their tools, and the second answer.
async fn install_both(tool_bytes: usize) -> (usize, Answer) {
    let app = with(AccountLimits {
        tool_bytes,
        ..AccountLimits::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin.register(&key).await.data(201);
    let (mut bytes, mut answers) = (0, Vec::new());
    for name in ["echo", "probe"] {
        let uploaded = admin.upload(&signed(name, &key).await).await.data(201);
        bytes += uploaded["tools"].to_string().len();
        let wish = json!({ "skillId": name, "trustLevel": "clawhub" });
        let path = format!("/v1/agents/{agent}/skills");
        answers.push(admin.post(&path, wish).await);
    }
    let second = answers.pop().unwrap();
    answers.pop().unwrap().data(201);
    (bytes, second)
}

#[tokio::test]
async fn the_tools_of_one_agent_are_bounded_in_bytes() {
    let (bytes, second) = install_both(1 << 20).await;
    second.data(201);
    install_both(bytes).await.1.data(201);
    let refused = install_both(bytes - 1).await.1;
    let message = refused.error(403, "limit_reached");
    assert!(message.contains("all together may have"), "{message}");
}

#[tokio::test]
async fn a_signature_by_a_revoked_key_is_replaced() {
    let app = with(AccountLimits::default()).await;
    let admin = app.admin().await;
    let (old, new) = (signing_key(1), signing_key(2));
    admin.register(&old).await.data(201);
    admin.register(&new).await.data(201);
    let by = |key| signed("probe", key);
    let first = admin.upload(&by(&old).await).await.data(201);
    let before = admin.agent().await;
    let wish = json!({ "skillId": "probe", "trustLevel": "clawhub" });
    let install = |agent: &str| {
        let path = format!("/v1/agents/{agent}/skills");
        let (admin, wish) = (admin.clone(), wish.clone());
        async move { admin.post(&path, wish).await }
    };
    install(&before).await.data(201);

    let same = admin.upload(&by(&new).await).await.data(201);
    assert_eq!(same["keyId"], first["keyId"], "the one that is stored");
    let path = format!("/v1/publisher-keys/{}", first["keyId"].as_str().unwrap());
    admin.delete(&path).await.data(200);
    let later = admin.agent().await;
    install(&later).await.error(400, "validation_error");

    let replaced = admin.upload(&by(&new).await).await.data(201);
    assert_ne!(replaced["keyId"], first["keyId"]);
    assert_eq!(replaced["digest"], first["digest"]);
    let shown = admin.get("/v1/skills/probe").await.data(200);
    assert_eq!(shown["keyId"], replaced["keyId"]);
    install(&later).await.data(201);
    // Who had it keeps what it was granted.
    let (_, version) = app
        .store
        .get_version(&admin.account, "probe", None)
        .await
        .unwrap()
        .unwrap();
    let key = replaced["keyId"].as_str();
    let grant = app
        .store
        .effective_grant(&admin.account, &before, &version.skill_id, key)
        .await
        .unwrap();
    assert_eq!(grant.unwrap().permissions, version.permissions);
}

#[tokio::test]
async fn skills_that_had_to_make_room_are_called_all_the_same() {
    let call = |tool: &str| json!({ "parts": [{ "type": "tool_call", "name": tool, "arguments": { "text": "hi" } }] });
    let text = json!({ "parts": [{ "type": "text", "text": "ok" }] });
    let script =
        json!({ "turns": [call("echo__echo"), text, call("probe__echo"), text], "repeat": true });
    // Room for no code at all: whatever is loaded makes room at once.
    let limits = ServiceLimits {
        loaded_skills: LoadedSkillLimits {
            in_all: 1,
            per_account: 1,
            ..LoadedSkillLimits::default()
        },
        ..ServiceLimits::default()
    };
    let app = TestApp::start(Setup {
        script,
        limits,
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = signing_key(1);
    admin.equip(&agent, &signed("echo", &key).await, &key).await;
    admin.upload(&signed("probe", &key).await).await.data(201);
    let wish = json!({ "skillId": "probe", "trustLevel": "clawhub" });
    admin
        .post(&format!("/v1/agents/{agent}/skills"), wish)
        .await
        .data(201);
    for _ in 0..4 {
        let result: Value = admin.chat(&agent, "go").await.until("tool_result").await;
        assert_eq!(
            (&result["isError"], &result["content"]),
            (&json!(false), &json!("hi"))
        );
    }
}
