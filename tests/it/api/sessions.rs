//! Sessions of the console: a cookie that no script reads, and a text that only its own pages know.

use reqwest::Method;
use reqwest::header::{COOKIE, HeaderMap, HeaderValue};
use serde_json::{Value, json};
use skillgate_tests::app::{Answer, Client, ManualClock, Setup, TestApp};
use skillgate_tests::postgres;

const LOG_IN: &str = "/v1/auth/session";

async fn log_in(client: &Client) -> (Answer, Client) {
    let answer = client.post(LOG_IN, Value::Null).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let browser = browser(client, cookie);
    (answer, browser)
}

fn browser(client: &Client, cookie: &str) -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, HeaderValue::try_from(cookie).unwrap());
    client.with_headers(headers)
}

async fn write(browser: &Client, method: Method, path: &str, csrf: Option<&str>) -> Answer {
    let mut request = browser
        .request(method, path)
        .json(&json!({ "name": "Ada" }));
    if let Some(csrf) = csrf {
        request = request.header("x-csrf-token", csrf);
    }
    browser.send(request).await
}

#[tokio::test]
async fn on_sqlite() {
    a_session_acts_as_its_key_and_ends_with_it(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    a_session_acts_as_its_key_and_ends_with_it(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn a_session_acts_as_its_key_and_ends_with_it(setup: Setup) {
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let wish =
        json!({ "label": "console", "scopes": ["agents:read", "agents:write"], "rateLimit": 50 });
    let made = admin.post("/v1/api-keys", wish).await.data(201);
    let key = Client::new(&app.url, made["key"].as_str());
    let (answer, browser) = log_in(&key).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("skillgate_session=sgs_"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.body.to_string().contains("sgs_"));
    let opened = answer.data(201);
    let csrf = opened["csrfToken"].as_str().unwrap();

    let read = browser.get("/v1/agents").await;
    assert_eq!(read.header("x-ratelimit-limit"), "50");
    assert_eq!(read.header("x-ratelimit-remaining"), "48");
    read.data(200);
    let reloaded = browser.get(LOG_IN).await.data(200);
    assert_eq!(reloaded["csrfToken"], csrf);

    for wrong in [None, Some(""), Some("0".repeat(64).as_str())] {
        let answer = write(&browser, Method::POST, "/v1/agents", wrong).await;
        let message = answer.error(403, "forbidden");
        assert!(message.contains("X-CSRF-Token"), "{message}");
    }
    write(&browser, Method::POST, "/v1/agents", Some(csrf))
        .await
        .data(201);
    browser.get("/v1/api-keys").await.error(403, "forbidden");

    // Logging out ends one session, and needs the text, too.
    let (_, other) = log_in(&key).await;
    browser.delete(LOG_IN).await.error(403, "forbidden");
    let answer = write(&browser, Method::DELETE, LOG_IN, Some(csrf)).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(answer.data(200), json!({ "deleted": true }));
    browser.get("/v1/agents").await.error(401, "unauthorized");
    other.get("/v1/agents").await.data(200);

    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.data(200);
    other.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn a_session_ends_by_itself_and_one_key_has_a_number_of_them() {
    let clock = ManualClock::at(1_800_000_000);
    let app = TestApp::start(Setup {
        clock: clock.clock(),
        public_url: Some("https://skills.example.com".parse().unwrap()),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let (answer, first) = log_in(&admin).await;
    assert!(answer.header("set-cookie").ends_with("; Secure"));
    first.get("/v1/agents").await.data(200);
    let mut last = first.clone();
    for _ in 0..32 {
        clock.advance(2);
        last = log_in(&admin).await.1;
    }
    let stranger = app.stranger(&["agents:read"]).await;
    let (_, other) = log_in(&stranger).await;
    // The oldest ended to make room for the last.
    first.get("/v1/agents").await.error(401, "unauthorized");
    last.get("/v1/agents").await.data(200);
    clock.advance(12 * 3_600);
    last.get("/v1/agents").await.error(401, "unauthorized");
    other.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn only_a_key_opens_a_session_and_a_cookie_holds_nothing_else() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let (answer, browser) = log_in(&admin).await;
    let csrf = answer.data(201)["csrfToken"].as_str().unwrap().to_owned();
    write(&browser, Method::POST, LOG_IN, Some(&csrf))
        .await
        .error(403, "forbidden");
    let issued = admin.post("/v1/auth/token", json!({})).await.data(201);
    let token = admin.with_token(issued["token"].as_str().unwrap());
    token.post(LOG_IN, json!({})).await.error(403, "forbidden");
    admin.delete(LOG_IN).await.error(404, "session_not_found");
    assert_eq!(admin.get(LOG_IN).await.data(200)["csrfToken"], Value::Null);

    let key = admin.key.clone().unwrap();
    for value in [key.as_str(), "", "sgs_", &format!("sgs_{}", "0".repeat(64))] {
        let planted = browser_with(&admin, value);
        planted.get("/v1/agents").await.error(401, "unauthorized");
    }
}

fn browser_with(client: &Client, value: &str) -> Client {
    browser(client, &format!("skillgate_session={value}"))
}

#[tokio::test]
async fn what_was_issued_to_a_session_ends_with_it() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let (answer, browser) = log_in(&admin).await;
    let csrf = answer.data(201)["csrfToken"].as_str().unwrap().to_owned();
    let issued = write(&browser, Method::POST, "/v1/auth/token", Some(&csrf)).await;
    let token = admin.with_token(issued.data(201)["token"].as_str().unwrap());
    let minted = token.post("/v1/auth/token", json!({})).await.data(201);
    let minted = admin.with_token(minted["token"].as_str().unwrap());
    minted.get("/v1/agents").await.data(200);
    token.get("/v1/agents").await.data(200);
    write(&browser, Method::DELETE, LOG_IN, Some(&csrf))
        .await
        .data(200);
    token.get("/v1/agents").await.error(401, "unauthorized");
    minted.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn a_cookie_that_was_planted_beside_the_own_one_acts_for_nobody() {
    let app = TestApp::start(Setup::default()).await;
    let (mine, _) = log_in(&app.admin().await).await;
    let (planted, _) = log_in(&app.stranger(&["admin"]).await).await;
    let cookie = |answer: &Answer| {
        let cookie = answer.header("set-cookie").split(';').next();
        cookie.unwrap().to_owned()
    };
    let both = format!("{}; {}", cookie(&planted), cookie(&mine));
    let browser = browser(&app.anonymous(), &both);
    browser.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn a_cookie_over_https_is_of_this_host_alone() {
    let app = TestApp::start(Setup {
        public_url: Some("https://skills.example.com".parse().unwrap()),
        ..Setup::default()
    })
    .await;
    let (answer, secure) = log_in(&app.admin().await).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-skillgate_session=sgs_"),
        "{cookie}"
    );
    assert!(
        cookie.contains("; Path=/;") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
    secure.get("/v1/agents").await.data(200);
    let bare = cookie.split(';').next().unwrap();
    let bare = browser(&app.anonymous(), bare.trim_start_matches("__Host-"));
    bare.get("/v1/agents").await.error(401, "unauthorized");
}
