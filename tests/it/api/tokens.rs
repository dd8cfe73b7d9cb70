//! Access tokens: narrower than their key, dead with it, and refused in every wrong form.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};
use skillgate_tests::app::{Client, ManualClock, Setup, TestApp};
use skillgate_tests::postgres;

const START: i64 = 1_800_000_000;

async fn app_at(clock: &ManualClock) -> TestApp {
    TestApp::start(Setup {
        clock: clock.clock(),
        ..Setup::default()
    })
    .await
}

async fn issue(client: &Client, body: Value) -> Value {
    client.post("/v1/auth/token", body).await.data(201)
}

fn bearer(client: &Client, issued: &Value) -> Client {
    client.with_token(issued["token"].as_str().unwrap())
}

#[tokio::test]
async fn on_sqlite() {
    tokens_are_narrower_than_their_key_and_die_with_it(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    tokens_are_narrower_than_their_key_and_die_with_it(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn tokens_are_narrower_than_their_key_and_die_with_it(setup: Setup) {
    let app = TestApp::start(setup).await;
    let admin = app.admin().await;
    let wish = json!({ "label": "ci", "scopes": ["agents:read", "skills"], "rateLimit": 9 });
    let made = admin.post("/v1/api-keys", wish).await.data(201);
    let key = Client::new(&app.url, made["key"].as_str());

    let without_body = key.request(reqwest::Method::POST, "/v1/auth/token");
    let all = key.send(without_body).await.data(201);
    assert_eq!(all["tokenType"], "Bearer");
    assert_eq!(all["scopes"], json!(["agents:read", "skills"]));
    let narrow = issue(&key, json!({ "scopes": ["skills:read"] })).await;
    assert_eq!(narrow["scopes"], json!(["skills:read"]));
    let narrow = bearer(&key, &narrow);
    narrow.get("/v1/skills").await.data(200);
    let message = narrow.get("/v1/agents").await.error(403, "forbidden");
    assert!(message.contains("agents:read"), "{message}");

    // Its requests are counted under the key's own limit: this is the fifth.
    let answer = bearer(&key, &all).get("/v1/agents").await;
    assert_eq!(answer.header("x-ratelimit-limit"), "9");
    assert_eq!(answer.header("x-ratelimit-remaining"), "4");
    answer.data(200);

    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    admin.delete(&path).await.data(200);
    narrow.get("/v1/skills").await.error(401, "unauthorized");
    bearer(&key, &all)
        .get("/v1/agents")
        .await
        .error(401, "unauthorized");
}

#[tokio::test]
async fn a_token_gives_no_more_than_its_key_and_mints_no_more_than_itself() {
    let clock = ManualClock::at(START);
    let app = app_at(&clock).await;
    let key = app.client(&["agents:read", "chat"]).await;
    for scopes in [json!(["admin"]), json!(["chat", "skills:read"])] {
        let answer = key
            .post("/v1/auth/token", json!({ "scopes": scopes }))
            .await;
        answer.error(403, "forbidden");
    }
    let chat = json!({ "scopes": ["chat"], "ttl": 60 });
    let token = bearer(&key, &issue(&key, chat).await);
    token
        .post("/v1/auth/token", json!({ "scopes": ["agents:read"] }))
        .await
        .error(403, "forbidden");
    clock.advance(30);
    let minted = issue(&token, json!({ "ttl": 3600 })).await;
    assert_eq!(minted["scopes"], json!(["chat"]));
    assert_eq!(minted["expiresAt"], "2027-01-15T08:01:00.000Z");
    clock.advance(30);
    let minted = bearer(&key, &minted);
    minted.get("/v1/account").await.error(401, "unauthorized");
    token.get("/v1/account").await.error(401, "unauthorized");
}

#[tokio::test]
async fn what_a_token_is_asked_with_is_checked() {
    let clock = ManualClock::at(START);
    let app = app_at(&clock).await;
    let key = app.admin().await;
    for (body, named) in [
        (json!({ "ttl": 0 }), "1 to 3600"),
        (json!({ "ttl": 3601 }), "1 to 3600"),
        (json!({ "ttl": -1 }), "ttl"),
        (json!({ "ttl": "900" }), "ttl"),
        (json!({ "scopes": [] }), "scopes"),
        (json!({ "scopes": ["everything"] }), "everything"),
    ] {
        let answer = key.post("/v1/auth/token", body.clone()).await;
        let message = answer.error(400, "validation_error");
        assert!(message.contains(named), "{body}: {message}");
    }
    let whole = json!({ "ttl": null, "scopes": null, "unknown": 1 });
    let answer = key.post("/v1/auth/token", whole).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let issued = answer.data(201);
    assert_eq!(issued["expiresAt"], "2027-01-15T08:15:00.000Z");
    assert_eq!(issued["scopes"], json!(["admin"]));
}

#[tokio::test]
async fn others_can_verify_a_token_with_the_published_key() {
    let app = TestApp::start(Setup::default()).await;
    let issued = issue(&app.admin().await, json!({ "scopes": ["chat"] })).await;
    let published = app.anonymous().get("/.well-known/jwks.json").await.body;
    assert!(published["keys"][0].get("d").is_none(), "{published}");
    let keys: JwkSet = serde_json::from_value(published).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[&app.url]);
    validation.set_issuer(&[&app.url]);
    let token = issued["token"].as_str().unwrap();
    let key = DecodingKey::from_jwk(&keys.keys[0]).unwrap();
    let decoded = decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(decoded.header.kid, keys.keys[0].common.key_id);
    assert_eq!(decoded.claims["scope"], "chat");
    let lifetime =
        decoded.claims["exp"].as_i64().unwrap() - decoded.claims["nbf"].as_i64().unwrap();
    assert_eq!(lifetime, 900);
    assert_eq!(decoded.claims["jti"].as_str().unwrap().len(), 32);
}

/// Signs what a test wants with the server's own key, as somebody who stole it could.
fn forged(app: &TestApp, header: &Header, claims: &Value) -> String {
    let head = hex::decode("302e020100300506032b657004220420").unwrap();
    let seed = app.store.token_signing_seed();
    let key = EncodingKey::from_ed_der(&[head.as_slice(), seed.as_slice()].concat());
    encode(header, claims, &key).unwrap()
}

#[tokio::test]
async fn wrong_tokens_are_refused() {
    let clock = ManualClock::at(START);
    let app = app_at(&clock).await;
    let admin = app.admin().await;
    let id = admin.get("/v1/api-keys").await.data(200)[0]["id"].clone();
    let published = app.anonymous().get("/.well-known/jwks.json").await.body;
    let (kid, x) = (&published["keys"][0]["kid"], &published["keys"][0]["x"]);
    let header = |algorithm| Header {
        kid: kid.as_str().map(str::to_owned),
        ..Header::new(algorithm)
    };
    let right = json!({
        "iss": app.url, "aud": app.url, "sub": id, "scope": "admin",
        "iat": START, "nbf": START, "exp": START + 60, "jti": "1",
    });
    let with = |field: &str, value: Value| {
        let mut claims = right.clone();
        claims[field] = value;
        forged(&app, &header(Algorithm::EdDSA), &claims)
    };
    let without = |field: &str| {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(field);
        forged(&app, &header(Algorithm::EdDSA), &claims)
    };
    let good = with("jti", json!("2"));
    admin.with_token(&good).get("/v1/agents").await.data(200);

    let parts: Vec<&str> = good.split('.').collect();
    let none = base64_url(&json!({ "alg": "none", "typ": "JWT", "kid": kid }));
    let secret = EncodingKey::from_secret(x.as_str().unwrap().as_bytes()).unwrap();
    let unknown = Header {
        kid: Some("unknown".to_owned()),
        ..Header::new(Algorithm::EdDSA)
    };
    let wrong = [
        ("alg none", format!("{none}.{}.", parts[1])),
        (
            "alg none, signed",
            format!("{none}.{}.{}", parts[1], parts[2]),
        ),
        (
            "HS256 under the public key",
            encode(&header(Algorithm::HS256), &right, &secret).unwrap(),
        ),
        ("an unknown key", forged(&app, &unknown, &right)),
        (
            "no key",
            forged(&app, &Header::new(Algorithm::EdDSA), &right),
        ),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        (
            "another body",
            format!("{}.{}.{}", parts[0], base64_url(&right), parts[2]),
        ),
        (
            "wrong audience",
            with("aud", json!("https://other.example")),
        ),
        ("wrong issuer", with("iss", json!("https://other.example"))),
        ("ended", with("exp", json!(START))),
        ("not yet", with("nbf", json!(START + 61))),
        ("no end", without("exp")),
        ("no beginning", without("nbf")),
        ("no audience", without("aud")),
        ("no issuer", without("iss")),
        (
            "no key behind it",
            with("sub", json!("00000000-0000-7000-8000-000000000000")),
        ),
        ("an end that is no number", with("exp", json!("tomorrow"))),
        ("too large", with("jti", json!("x".repeat(8 << 10)))),
        ("nonsense", "a.b.c".to_owned()),
        ("dots", "..".to_owned()),
        ("many dots", ".".repeat(4_000)),
    ];
    for (what, token) in wrong {
        let answer = admin.with_token(&token).get("/v1/agents").await;
        assert_eq!(answer.status, 401, "{what}");
        answer.error(401, "unauthorized");
    }
    // Only what the key holds: a token that says more than its key gives no more.
    let reader = app.client(&["agents:read"]).await;
    reader.get("/v1/agents").await.data(200);
    let keys = admin.get("/v1/api-keys").await.data(200);
    let token = with("sub", keys[0]["id"].clone());
    let token = admin.with_token(&token);
    token.get("/v1/agents").await.error(403, "forbidden");
}

fn base64_url(value: &Value) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn a_key_outlives_nothing_that_it_was_made_with() {
    let clock = ManualClock::at(START);
    let app = app_at(&clock).await;
    let admin = app.admin().await;
    let make = async |client: &Client, end: Value| {
        let wish = json!({ "label": "child", "scopes": ["admin"], "expiresAt": end });
        client.post("/v1/api-keys", wish).await
    };
    let token = bearer(&admin, &issue(&admin, json!({})).await);
    let message = make(&token, Value::Null).await.error(403, "forbidden");
    assert!(message.contains("tokens make none"), "{message}");

    let end = "2027-01-16T08:00:00.000Z";
    let made = make(&admin, json!(end)).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.data(201);
    let parent = Client::new(&app.url, made["key"].as_str());
    for (asked, given) in [
        (Value::Null, end),
        (json!("2028-01-01T00:00:00.000Z"), end),
        (
            json!("2027-01-15T09:00:00.000Z"),
            "2027-01-15T09:00:00.000Z",
        ),
    ] {
        let child = make(&parent, asked).await.data(201);
        assert_eq!(child["expiresAt"], given);
    }
    let unbounded = make(&admin, Value::Null).await.data(201);
    assert_eq!(unbounded["expiresAt"], Value::Null);
}
