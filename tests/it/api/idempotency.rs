//! `Idempotency-Key`: what creates something is done once, however often it is sent.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_server::operations;
use skillgate_tests::app::{Answer, Client, ManualClock, Setup, TestApp};
use skillgate_tests::postgres;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

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
        "POST /v1/publisher-keys",
    ] {
        assert!(paths.iter().any(|path| path == expected), "{paths:?}");
    }
    for other in [
        "/v1/api-keys",
        "/v1/auth/token",
        "/v1/auth/session",
        "/v1/publisher-keys/challenge",
    ] {
        assert!(!paths.iter().any(|path| path.ends_with(other)), "{paths:?}");
    }
}

#[tokio::test]
async fn on_sqlite() {
    a_request_is_done_once(None).await;
}

#[tokio::test]
async fn on_postgres() {
    a_request_is_done_once(Some(postgres::database().await)).await;
}

async fn a_request_is_done_once(database: Option<String>) {
    let clock = ManualClock::at(1_800_000_000);
    let app = TestApp::start(Setup {
        database,
        clock: clock.clock(),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let wish = json!({ "name": "Ada" });
    let first = post(&admin, "/v1/agents", "one", &wish).await;
    assert!(!is_replayed(&first));
    let again = post(&admin, "/v1/agents", "one", &wish).await;
    assert!(is_replayed(&again));
    assert_eq!(again.header("content-type"), "application/json");
    assert!(again.headers.contains_key("x-ratelimit-remaining"));
    assert_eq!((again.status, &again.body), (201, &first.body));
    let listed = admin.get("/v1/agents").await.data(200);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");

    // Another body, another operation.
    let other = json!({ "name": "Grace" });
    let message = post(&admin, "/v1/agents", "one", &other)
        .await
        .error(422, "idempotency_key_reused");
    assert!(message.contains("new key"), "{message}");
    post(&admin, "/v1/swarms", "one", &wish)
        .await
        .error(422, "idempotency_key_reused");
    // Another account, and another API key of the same.
    for caller in [app.stranger(&["admin"]).await, app.admin().await] {
        let theirs = post(&caller, "/v1/agents", "one", &wish).await;
        assert!(!is_replayed(&theirs));
        assert_ne!(theirs.data(201)["id"], first.body["data"]["id"]);
    }
    // A token of the key is the same caller.
    let token = admin.post("/v1/auth/token", json!({})).await.data(201);
    let token = admin.with_token(token["token"].as_str().unwrap());
    assert!(is_replayed(&post(&token, "/v1/agents", "one", &wish).await));

    clock.advance(24 * 3_600 - 1);
    assert!(is_replayed(&post(&admin, "/v1/agents", "one", &wish).await));
    clock.advance(1);
    let anew = post(&admin, "/v1/agents", "one", &wish).await;
    assert!(!is_replayed(&anew));
    assert_ne!(anew.data(201)["id"], first.body["data"]["id"]);
}

#[tokio::test]
async fn an_api_key_is_shown_once_whatever_key_the_request_has() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let wish = json!({ "label": "ci", "scopes": ["chat"] });
    let first = post(&admin, "/v1/api-keys", "one", &wish).await;
    assert_eq!(first.header("cache-control"), "no-store");
    let second = post(&admin, "/v1/api-keys", "one", &wish).await;
    assert!(!is_replayed(&second));
    assert_ne!(second.data(201)["key"], first.data(201)["key"]);
}

#[tokio::test]
async fn who_disconnects_leaves_no_claim_behind() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let body = json!({ "name": "Ada" });
    for number in 0..20 {
        let key = format!("key-{number}");
        let text = format!(
            "POST /v1/agents HTTP/1.1\r\nhost: x\r\nx-api-key: {}\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            admin.key.as_deref().unwrap(),
            body.to_string().len(),
        );
        let address = app.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        drop(stream);
        let mut answer = post(&admin, "/v1/agents", &key, &body).await;
        for _ in 0..1_000 {
            if answer.status != 409 {
                break;
            }
            answer = post(&admin, "/v1/agents", &key, &body).await;
        }
        answer.data(201);
    }
    let listed = admin.get("/v1/agents").await.data(200);
    assert_eq!(listed.as_array().unwrap().len(), 20);
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
    let two = admin.request(Method::POST, "/v1/agents").json(&body);
    let two = two
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    let message = admin.send(two).await.error(400, "validation_error");
    assert!(message.contains("more than once"), "{message}");
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
