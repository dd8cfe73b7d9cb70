//! `Idempotency-Key`: what creates something is done once, however often it is sent.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_server::operations;
use skillgate_tests::app::{Answer, Client, ManualClock, Setup, TestApp};
use skillgate_tests::postgres;

async fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let request = client.request(Method::POST, path).json(body);
    client.send(request.header("idempotency-key", key)).await
}

fn is_replayed(answer: &Answer) -> bool {
    answer
        .headers
        .get("idempotency-replayed")
        .is_some_and(|value| value == "true")
}

#[test]
fn what_creates_something_that_lasts_takes_a_key() {
    let taking = operations()
        .into_iter()
        .filter(|one| one.takes_idempotency_key);
    let paths: Vec<String> = taking
        .map(|one| format!("{} {}", one.method, one.path))
        .collect();
    for expected in [
        "POST /v1/agents",
        "POST /v1/agents/{id}/chat/sessions",
        "POST /v1/agents/{id}/skills",
        "POST /v1/api-keys",
        "POST /v1/publisher-keys",
    ] {
        assert!(paths.iter().any(|path| path == expected), "{paths:?}");
    }
    for other in [
        "/v1/auth/token",
        "/v1/auth/session",
        "/v1/publisher-keys/challenge",
    ] {
        assert!(!paths.iter().any(|path| path.ends_with(other)), "{paths:?}");
    }
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.db");
    let database = Some(format!("sqlite://{}", file.display()));
    let secret = a_request_is_done_once(database).await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let is_there = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!is_there, "a key that is shown once lies in the clear");
    }
}

#[tokio::test]
async fn on_postgres() {
    a_request_is_done_once(Some(postgres::database().await)).await;
}

/// Gives the API key that was made, and answered twice.
async fn a_request_is_done_once(database: Option<String>) -> String {
    let clock = ManualClock::at(1_800_000_000);
    let app = TestApp::start(Setup {
        database,
        clock: clock.clock(),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let wish = json!({ "label": "ci", "scopes": ["chat"] });
    let first = post(&admin, "/v1/api-keys", "one", &wish).await;
    assert!(!is_replayed(&first));
    let again = post(&admin, "/v1/api-keys", "one", &wish).await;
    assert!(is_replayed(&again));
    assert_eq!(again.header("content-type"), "application/json");
    assert!(again.headers.contains_key("x-ratelimit-remaining"));
    assert_eq!((again.status, &again.body), (201, &first.body));
    let listed = admin.get("/v1/api-keys").await.data(200);
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");

    // Another body, another operation, another account.
    let other = json!({ "label": "other", "scopes": ["chat"] });
    let message = post(&admin, "/v1/api-keys", "one", &other)
        .await
        .error(422, "idempotency_key_reused");
    assert!(message.contains("new key"), "{message}");
    post(&admin, "/v1/agents", "one", &json!({ "name": "Ada" }))
        .await
        .data(201);
    let stranger = app.stranger(&["admin"]).await;
    let theirs = post(&stranger, "/v1/api-keys", "one", &wish).await;
    assert!(!is_replayed(&theirs));
    assert_ne!(theirs.data(201)["key"], first.body["data"]["key"]);

    // One key of the account sees what another was answered: it is the account's.
    let second = app.admin().await;
    assert!(is_replayed(
        &post(&second, "/v1/api-keys", "one", &wish).await
    ));

    clock.advance(24 * 3_600 - 1);
    assert!(is_replayed(
        &post(&admin, "/v1/api-keys", "one", &wish).await
    ));
    clock.advance(1);
    let anew = post(&admin, "/v1/api-keys", "one", &wish).await;
    assert!(!is_replayed(&anew));
    assert_ne!(anew.data(201)["id"], first.body["data"]["id"]);
    first.body["data"]["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn another_path_is_another_request() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let path = |agent: &str| format!("/v1/agents/{agent}/chat/sessions");
    let (one, two) = (admin.agent().await, admin.agent().await);
    post(&admin, &path(&one), "same", &json!({}))
        .await
        .data(201);
    post(&admin, &path(&two), "same", &json!({}))
        .await
        .error(422, "idempotency_key_reused");
}

#[tokio::test]
async fn what_was_refused_is_not_remembered() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let (wrong, right) = (json!({ "name": "" }), json!({ "name": "Ada" }));
    for _ in 0..2 {
        let answer = post(&admin, "/v1/agents", "one", &wrong).await;
        assert!(!is_replayed(&answer));
        answer.error(400, "validation_error");
    }
    post(&admin, "/v1/agents", "one", &right).await.data(201);
    assert!(is_replayed(
        &post(&admin, "/v1/agents", "one", &right).await
    ));
    // A caller without the scope is refused first, and reads no kept answer.
    let reader = app.client(&["agents:read"]).await;
    post(&reader, "/v1/agents", "one", &right)
        .await
        .error(403, "forbidden");
}

#[tokio::test]
async fn a_key_has_a_form() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let body = json!({ "name": "Ada" });
    for wrong in [String::new(), "x".repeat(256), "a\tb".to_owned()] {
        let message = post(&admin, "/v1/agents", &wrong, &body)
            .await
            .error(400, "validation_error");
        assert!(message.contains("Idempotency-Key"), "{message}");
    }
    let longest = "x".repeat(255);
    post(&admin, "/v1/agents", &longest, &body).await.data(201);
    let large = json!({ "name": "x".repeat(2 << 20) });
    post(&admin, "/v1/agents", "large", &large)
        .await
        .error(413, "payload_too_large");
}

#[tokio::test]
async fn of_many_at_the_same_time_one_is_done() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let body = json!({ "name": "Ada" });
    let all = (0..20).map(|_| post(&admin, "/v1/agents", "one", &body));
    let mut ids = Vec::new();
    for answer in futures::future::join_all(all).await {
        match answer.status {
            201 => ids.push(answer.body["data"]["id"].clone()),
            _ => {
                let message = answer.error(409, "conflict");
                assert!(message.contains("being worked on"), "{message}");
            }
        }
    }
    assert!(
        !ids.is_empty() && ids.iter().all(|id| *id == ids[0]),
        "{ids:?}"
    );
    let listed = admin.get("/v1/agents").await.data(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
}
