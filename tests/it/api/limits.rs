//! How much, and how long: the rate limit, in time that the test tells, and the time for a request's head.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue};
use serde_json::json;
use skillgate_server::ConnectionLimits;
use skillgate_store::Timestamp;
use skillgate_tests::app::{Client, ManualClock, Setup, TestApp};
use skillgate_tests::fake_issuer::{FakeIssuer, IssuerKey};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SECOND: i64 = 1_000_000;
const START: i64 = 1_800_000_000 * SECOND;

#[tokio::test]
async fn the_window_slides() {
    let now = Arc::new(AtomicI64::new(START));
    let read = now.clone();
    let clock = Arc::new(move || Timestamp::from_micros(read.load(Ordering::SeqCst)));
    let app = TestApp::start(Setup {
        rate_limit: 2,
        clock,
        ..Setup::default()
    })
    .await;
    let client = app.client(&["agents:read"]).await;

    let first = client.get("/v1/agents").await;
    assert_eq!(first.header("x-ratelimit-limit"), "2");
    assert_eq!(first.header("x-ratelimit-remaining"), "1");
    assert_eq!(first.header("x-ratelimit-reset"), "1800000060");
    now.store(START + 40 * SECOND, Ordering::SeqCst);
    client.get("/v1/agents").await.data(200);
    let refused = client.get("/v1/agents").await;
    assert_eq!(refused.header("retry-after"), "20");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    refused.error(429, "rate_limit_exceeded");
    // Another key has a window of its own; so has whoever comes without one.
    app.client(&["agents:read"])
        .await
        .get("/v1/agents")
        .await
        .data(200);
    let anonymous = app.anonymous().get("/v1/agents").await;
    assert_eq!(anonymous.header("x-ratelimit-remaining"), "1");

    now.store(START + 60 * SECOND, Ordering::SeqCst);
    client.get("/v1/agents").await.data(200);
    assert_eq!(client.get("/v1/agents").await.header("retry-after"), "40");
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let now = Arc::new(AtomicI64::new(START));
    let read = now.clone();
    let clock = Arc::new(move || Timestamp::from_micros(read.load(Ordering::SeqCst)));
    let app = TestApp::start(Setup {
        clock,
        ..Setup::default()
    })
    .await;
    let wish =
        json!({ "label": "short", "scopes": ["agents:read"], "expiresAt": "2027-01-15T08:00:01Z" });
    let made = app.admin().await.post("/v1/api-keys", wish).await.data(201);
    let client = Client::new(&app.url, made["key"].as_str());
    client.get("/v1/agents").await.data(200);
    now.store(START + SECOND, Ordering::SeqCst);
    client.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn every_answer_says_how_the_caller_stands() {
    let app = TestApp::start(Setup {
        rate_limit: 5,
        ..Setup::default()
    })
    .await;
    let (admin, anonymous) = (app.admin().await, app.anonymous());
    let answers = [
        (anonymous.get("/v1/agents").await, 401),
        (anonymous.get("/nothing").await, 404),
        (admin.get("/v1/agents/x").await, 404),
        (admin.delete("/v1/agents").await, 405),
        (admin.post("/v1/agents", json!([])).await, 400),
        (admin.patch("/v1/agents/x", json!({})).await, 404),
        (admin.get("/v1/agents").await, 200),
        (admin.get("/v1/agents").await, 429),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("x-ratelimit-limit"), "5");
        for name in ["remaining", "reset"] {
            let value = answer.header(&format!("x-ratelimit-{name}"));
            assert!(value.parse::<u64>().is_ok(), "{name}: {value}");
        }
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429);
        assert!(answer.headers.contains_key("x-request-id"));
    }
}

#[tokio::test]
async fn probes_are_not_counted() {
    let app = TestApp::start(Setup {
        rate_limit: 1,
        ..Setup::default()
    })
    .await;
    for _ in 0..3 {
        let answer = app.anonymous().get("/healthz").await;
        assert_eq!(
            (answer.status, answer.header("x-ratelimit-remaining")),
            (200, "1")
        );
    }
}

#[tokio::test]
async fn strangers_lock_out_nothing_that_was_issued_or_is_signed() {
    let clock = ManualClock::at(1_800_000_000);
    let key = IssuerKey::new("k", Algorithm::EdDSA);
    let issuer = FakeIssuer::start(&[&key]).await;
    let app = TestApp::start(Setup {
        rate_limit: 10,
        clock: clock.clock(),
        identity_provider: Some(issuer.config()),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let person = |name: &str| {
        let mut claims = issuer.claims(&admin.account, "agents:read", 1_800_000_000);
        claims["sub"] = json!(name);
        admin.with_token(&key.sign(&claims))
    };
    person("ada").get("/v1/agents").await.data(200);
    let wish = json!({ "label": "new", "scopes": ["agents:read"] });
    let made = admin.post("/v1/api-keys", wish).await.data(201);
    let issued = admin.post("/v1/auth/token", json!({})).await.data(201);
    let session = admin.post("/v1/auth/session", json!({})).await;
    let cookie = session.header("set-cookie").split(';').next().unwrap();
    let cookie = HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(cookie).unwrap())]);

    let unknown = app.client(&["agents:read"]).await;
    for number in 0..120 {
        let guess = format!("ak_live_{number:032x}");
        let answer = Client::new(&app.url, Some(&guess)).get("/v1/agents").await;
        assert!(matches!(answer.status, 401 | 429), "{}", answer.status);
    }
    unknown
        .get("/v1/agents")
        .await
        .error(429, "rate_limit_exceeded");
    let key = Client::new(&app.url, made["key"].as_str());
    for caller in [
        key,
        admin.with_token(issued["token"].as_str().unwrap()),
        admin.with_headers(cookie),
        person("grace"),
    ] {
        caller.get("/v1/agents").await.data(200);
    }
}

#[tokio::test]
async fn a_token_whose_signature_is_wrong_costs_no_look_up() {
    let clock = ManualClock::at(1_800_000_000);
    let app = TestApp::start(Setup {
        rate_limit: 10,
        clock: clock.clock(),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let issued = admin.post("/v1/auth/token", json!({})).await.data(201);
    let (signed, _) = issued["token"].as_str().unwrap().rsplit_once('.').unwrap();
    for number in 0..120 {
        let forged = admin.with_token(&format!("{signed}.{number:086}"));
        let answer = forged.get("/v1/agents").await;
        assert!(matches!(answer.status, 401 | 429), "{}", answer.status);
    }
    let unknown = app.client(&["agents:read"]).await;
    unknown.get("/v1/agents").await.data(200);
}

#[tokio::test]
async fn none_is_none() {
    let app = TestApp::start(Setup {
        rate_limit: 0,
        ..Setup::default()
    })
    .await;
    let answer = app.admin().await.get("/v1/agents").await;
    assert!(!answer.headers.contains_key("x-ratelimit-limit"));
    assert_eq!(answer.body["data"], json!([]));
}

#[tokio::test]
async fn neither_a_head_that_never_ends_nor_silence_keeps_a_connection() {
    let setup = Setup {
        connections: ConnectionLimits {
            head_timeout: Duration::from_millis(50),
            ..ConnectionLimits::default()
        },
        ..Setup::default()
    };
    let app = TestApp::start(setup).await;
    let unfinished = answer_to(&app, "GET /healthz HTTP/1.1\r\nhost: slow\r\n").await;
    assert!(!unfinished.starts_with("HTTP/1.1 2"), "{unfinished}");
    let whole = answer_to(&app, "GET /healthz HTTP/1.1\r\nhost: silent\r\n\r\n").await;
    assert!(whole.starts_with("HTTP/1.1 200 "), "{whole}");
}

/// All that the server says to these bytes until it closes the connection, which we never do.
async fn answer_to(app: &TestApp, request: &str) -> String {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
