//! Tokens of the operator's own identity provider, one on 127.0.0.1.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use skillgate_tests::app::{Client, ManualClock, Setup, TestApp};
use skillgate_tests::fake_issuer::{FakeIssuer, IssuerKey, Manner};

const START: i64 = 1_800_000_000;

async fn app_of(issuer: &FakeIssuer, clock: &ManualClock) -> TestApp {
    TestApp::start(Setup {
        clock: clock.clock(),
        identity_provider: Some(issuer.config()),
        ..Setup::default()
    })
    .await
}

/// A server, its provider with one key, and a client of the server's account.
async fn one() -> (TestApp, FakeIssuer, IssuerKey, Client, ManualClock) {
    let (clock, key) = (
        ManualClock::at(START),
        IssuerKey::new("k", Algorithm::EdDSA),
    );
    let issuer = FakeIssuer::start(&[&key]).await;
    let app = app_of(&issuer, &clock).await;
    let client = app.admin().await;
    (app, issuer, key, client, clock)
}

#[tokio::test]
async fn its_tokens_act_for_the_account_that_they_name() {
    let clock = ManualClock::at(START);
    let keys = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]
        .map(|algorithm| IssuerKey::new(&format!("{algorithm:?}"), algorithm));
    let issuer = FakeIssuer::start(&[&keys[0], &keys[1], &keys[2]]).await;
    let app = app_of(&issuer, &clock).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    for key in &keys {
        let claims = issuer.claims(&admin.account, "openid agents:read", START);
        let caller = admin.with_token(&key.sign(&claims));
        let answer = caller.get("/v1/agents").await;
        assert_eq!(answer.header("x-ratelimit-limit"), "10000");
        assert_eq!(answer.data(200)[0]["id"], agent);
        let message = caller.get("/v1/skills").await.error(403, "forbidden");
        assert!(message.contains("skills:read"), "{message}");
        caller
            .post("/v1/auth/token", json!({}))
            .await
            .error(403, "forbidden");
        caller
            .post("/v1/auth/session", json!({}))
            .await
            .error(403, "forbidden");
        let claims = issuer.claims(&admin.account, "admin", START);
        let wish = json!({ "label": "outlives", "scopes": ["admin"] });
        let caller = admin.with_token(&key.sign(&claims));
        caller
            .post("/v1/api-keys", wish)
            .await
            .error(403, "forbidden");
    }
    assert_eq!(issuer.asked(), 1);

    // A list of scopes is read, too; none at all may do what any key may.
    let mut claims = issuer.claims(&admin.account, "", START);
    let nothing = admin.with_token(&keys[0].sign(&claims));
    nothing.get("/v1/account").await.data(200);
    nothing.get("/v1/agents").await.error(403, "forbidden");
    claims["scope"] = json!(["agents:read", 7, "profile"]);
    let listed = admin.with_token(&keys[0].sign(&claims));
    listed.get("/v1/agents").await.data(200);

    clock.advance(3_600);
    listed.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn claims_have_the_names_that_the_operator_says() {
    let (clock, key) = (
        ManualClock::at(START),
        IssuerKey::new("k", Algorithm::ES256),
    );
    let issuer = FakeIssuer::start(&[&key]).await;
    let mut config = issuer.config();
    config.account_claim = "tenant".to_owned();
    config.scope_claim = "permissions".to_owned();
    let app = TestApp::start(Setup {
        clock: clock.clock(),
        identity_provider: Some(config),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let mut claims = issuer.claims("acct_other", "admin", START);
    claims["tenant"] = json!(admin.account);
    claims["permissions"] = json!("agents:read");
    let caller = admin.with_token(&key.sign(&claims));
    caller.get("/v1/agents").await.data(200);
    caller.get("/v1/api-keys").await.error(403, "forbidden");
}

#[tokio::test]
async fn wrong_tokens_are_refused() {
    let (app, issuer, key, admin, _clock) = one().await;
    let right = issuer.claims(&admin.account, "admin", START);
    let with = |field: &str, value: Value| {
        let mut claims = right.clone();
        claims[field] = value;
        key.sign(&claims)
    };
    let without = |field: &str| {
        let mut claims = right.clone();
        claims.as_object_mut().unwrap().remove(field);
        key.sign(&claims)
    };
    admin
        .with_token(&key.sign(&right))
        .get("/v1/agents")
        .await
        .data(200);
    let secret = EncodingKey::from_secret(b"k").unwrap();
    let symmetric = Header {
        kid: Some("k".to_owned()),
        ..Header::new(Algorithm::HS256)
    };
    let impostor = IssuerKey::new("k", Algorithm::EdDSA);
    let wrong = [
        (
            "no such account",
            with("skillgate_account", json!("acct_none")),
        ),
        (
            "an account that is no text",
            with("skillgate_account", json!(7)),
        ),
        ("no account", without("skillgate_account")),
        ("wrong issuer", with("iss", json!("https://other.example"))),
        ("wrong audience", with("aud", json!("other"))),
        ("no audience", without("aud")),
        ("ended", with("exp", json!(START))),
        ("no end", without("exp")),
        ("an end in milliseconds", with("exp", json!(START * 1_000))),
        ("a list of issuers", with("iss", json!([issuer.url(), "x"]))),
        ("of another type", key.sign_as("logout+jwt", &right)),
        ("not yet", with("nbf", json!(START + 61))),
        ("a beginning that is no number", with("nbf", json!("now"))),
        ("nobody", without("sub")),
        ("HS256", encode(&symmetric, &right, &secret).unwrap()),
        ("another's signature", impostor.sign(&right)),
        (
            "an unknown key",
            IssuerKey::new("other", Algorithm::EdDSA).sign(&right),
        ),
        (
            "another algorithm",
            IssuerKey::new("k", Algorithm::ES256).sign(&right),
        ),
    ];
    for (what, token) in wrong {
        let answer = admin.with_token(&token).get("/v1/agents").await;
        assert_eq!(answer.status, 401, "{what}");
    }
    // Without the setting they are nothing.
    let plain = TestApp::start(Setup::default()).await;
    let caller = admin.clone().at(&plain.url).with_token(&key.sign(&right));
    caller.get("/v1/agents").await.error(401, "unauthorized");
    drop(app);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_unknown_one_is_not_asked_for_at_every_request() {
    let (_app, issuer, old, admin, clock) = one().await;
    let claims = issuer.claims(&admin.account, "agents:read", START);
    let status = async |key: &IssuerKey| {
        let mut claims = claims.clone();
        claims["jti"] = json!(format!("{:x}", rand::random::<u64>()));
        admin
            .with_token(&key.sign(&claims))
            .get("/v1/agents")
            .await
            .status
    };
    assert_eq!((status(&old).await, issuer.asked()), (200, 1));
    let new = IssuerKey::new("new", Algorithm::ES256);
    for _ in 0..5 {
        assert_eq!(status(&new).await, 401);
    }
    assert_eq!(issuer.asked(), 1, "asked for less than half a minute ago");

    issuer.publish(&[&new]);
    clock.advance(30);
    assert_eq!((status(&new).await, issuer.asked()), (200, 2));
    assert_eq!(status(&old).await, 401, "a withdrawn key");

    // While it does not answer, what is known is used on.
    issuer.behave(Manner::Failing);
    clock.advance(700);
    assert_eq!((status(&new).await, issuer.asked()), (200, 3));
    assert_eq!((status(&new).await, issuer.asked()), (200, 3));
}

#[tokio::test]
async fn a_provider_that_misbehaves_lets_no_token_in() {
    for manner in [Manner::Failing, Manner::Endless, Manner::Redirecting] {
        let (_app, issuer, key, admin, clock) = one().await;
        issuer.behave(manner);
        let claims = issuer.claims(&admin.account, "agents:read", START);
        let caller = admin.with_token(&key.sign(&claims));
        let message = caller.get("/v1/agents").await.error(503, "unavailable");
        assert!(message.contains("identity provider"), "{message}");
        // API keys need no provider.
        admin.get("/v1/agents").await.data(200);
        issuer.behave(Manner::Honest);
        clock.advance(30);
        caller.get("/v1/agents").await.data(200);
    }
}

#[tokio::test]
async fn a_document_that_speaks_for_another_issuer_is_not_believed() {
    let (clock, key) = (
        ManualClock::at(START),
        IssuerKey::new("k", Algorithm::EdDSA),
    );
    let issuer = FakeIssuer::start(&[&key]).await;
    let mut config = issuer.config();
    config.issuer = format!("{}/", issuer.url()).parse().unwrap();
    let app = TestApp::start(Setup {
        clock: clock.clock(),
        identity_provider: Some(config),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    let mut claims = issuer.claims(&admin.account, "agents:read", START);
    claims["iss"] = json!(format!("{}/", issuer.url()));
    let token = key.sign(&claims);
    let answer = admin.with_token(&token).get("/v1/agents").await;
    answer.error(503, "unavailable");
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn who_disconnects_does_not_stop_the_fetch_that_others_wait_for() {
    let (_app, issuer, key, admin, _clock) = one().await;
    issuer.behave(Manner::Waiting);
    let claims = issuer.claims(&admin.account, "agents:read", START);
    let caller = admin.with_token(&key.sign(&claims));
    let impatient = caller.clone();
    let impatient = tokio::spawn(async move { impatient.get("/v1/agents").await });
    issuer.arrived().await;
    impatient.abort();
    assert!(impatient.await.is_err());
    admin.get("/v1/agents").await.data(200);
    issuer.release();
    caller.get("/v1/agents").await.data(200);
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn nothing_is_fetched_for_what_cannot_hold() {
    let (_app, issuer, key, admin, _clock) = one().await;
    issuer.behave(Manner::Failing);
    let right = issuer.claims(&admin.account, "agents:read", START);
    let with = |field: &str, value: Value| {
        let mut claims = right.clone();
        claims[field] = value;
        key.sign(&claims)
    };
    let secret = EncodingKey::from_secret(b"k").unwrap();
    let symmetric = Header::new(Algorithm::HS256);
    for junk in [
        with("iss", json!("https://other.example")),
        with("aud", json!("other")),
        with("exp", json!(START)),
        key.sign_as("logout+jwt", &right),
        encode(&symmetric, &right, &secret).unwrap(),
        "a.b.c".to_owned(),
    ] {
        let answer = admin.with_token(&junk).get("/v1/agents").await;
        answer.error(401, "unauthorized");
    }
    assert_eq!(issuer.asked(), 0);
    // Where nobody has to say who comes, it does not matter that it cannot be found out.
    let caller = admin.with_token(&key.sign(&right));
    assert_eq!(caller.get("/openapi.json").await.status, 200);
    assert_eq!(caller.get("/v1/nothing").await.status, 404);
    caller.get("/v1/agents").await.error(503, "unavailable");
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn keys_are_kept_when_none_is_published_and_all_of_one_id_are_tried() {
    let (clock, first, second) = (
        ManualClock::at(START),
        IssuerKey::new("same", Algorithm::EdDSA),
        IssuerKey::new("same", Algorithm::EdDSA),
    );
    let issuer = FakeIssuer::start(&[&first, &second]).await;
    let app = app_of(&issuer, &clock).await;
    let admin = app.admin().await;
    let callers = |now| {
        let claims = issuer.claims(&admin.account, "agents:read", now);
        [&first, &second].map(|key| admin.with_token(&key.sign(&claims)))
    };
    for caller in callers(START) {
        caller.get("/v1/agents").await.data(200);
    }
    issuer.publish(&[]);
    clock.advance(700);
    // Tokens that were seen before would be remembered.
    for caller in callers(START + 700) {
        caller.get("/v1/agents").await.data(200);
    }
    assert_eq!(issuer.asked(), 2);
}
