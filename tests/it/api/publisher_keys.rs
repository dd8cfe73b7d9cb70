//! Registering a publisher's key: one proof, for one registry, one account, one nonce, now.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use skillgate_skill::{KeyProof, ProofContext, SigningKey, encode_public_key, prove_possession};
use skillgate_store::{MAX_OPEN_CHALLENGES, Timestamp};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::postgres;
use skillgate_tests::skills::{signed, signing_key};

const SECOND: i64 = 1_000_000;
const START: i64 = 1_800_000_000 * SECOND;

/// A server whose time the test tells.
struct Server {
    app: TestApp,
    now: Arc<AtomicI64>,
}

impl Server {
    async fn start(setup: Setup) -> Self {
        let now = Arc::new(AtomicI64::new(START));
        let read = now.clone();
        let clock = Arc::new(move || Timestamp::from_micros(read.load(Ordering::SeqCst)));
        let app = TestApp::start(Setup { clock, ..setup }).await;
        Self { app, now }
    }

    fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds * SECOND, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("keys.db").display());
    every_case(&database).await;
}

#[tokio::test]
async fn on_postgres() {
    every_case(&postgres::database().await).await;
}

async fn every_case(database: &str) {
    let server = Server::start(Setup {
        database: Some(database.to_owned()),
        ..Setup::default()
    })
    .await;
    a_key_is_registered_once(&server).await;
    a_nonce_is_good_once(&server).await;
    a_nonce_is_its_accounts(&server).await;
    a_nonce_ends(&server).await;
    a_proof_is_of_now(&server).await;
    a_proof_is_for_this_registry(&server, database).await;
    the_header_host_names_no_registry(&server).await;
    a_handful_of_nonces_is_open(&server).await;
    accounts_do_not_shut_each_other_out(&server).await;
}

/// What a proof is made for.
struct Purpose {
    audience: String,
    nonce: String,
    issued_at: String,
}

/// A proof for the challenge, with one thing changed.
fn proof(
    client: &Client,
    key: &SigningKey,
    challenge: &Value,
    change: impl FnOnce(&mut Purpose),
) -> KeyProof {
    let plain = client.prove(key, challenge);
    let mut purpose = Purpose {
        audience: challenge["audience"].as_str().unwrap().to_owned(),
        nonce: plain.nonce,
        issued_at: plain.issued_at,
    };
    change(&mut purpose);
    let context = ProofContext {
        audience: &purpose.audience,
        account: &client.account,
        nonce: &purpose.nonce,
        issued_at: &purpose.issued_at,
    };
    prove_possession(key, &context)
}

async fn refused(client: &Client, proof: &KeyProof) -> String {
    client
        .register_with(proof)
        .await
        .error(400, "validation_error")
}

async fn a_key_is_registered_once(server: &Server) {
    let admin = server.app.admin().await;
    let key = signing_key(1);
    let challenge = admin.challenge().await;
    assert_eq!(challenge["audience"], server.app.url);
    assert_eq!(challenge["expiresAt"], "2027-01-15T08:05:00.000Z");
    assert!(challenge["nonce"].as_str().unwrap().len() >= 32);
    let registered = admin
        .register_with(&admin.prove(&key, &challenge))
        .await
        .data(201);
    let public_key = encode_public_key(&key.verifying_key());
    assert_eq!(registered["publicKey"], public_key);
    assert_eq!(admin.register(&key).await.data(201), registered);
    let listed = admin.get("/v1/publisher-keys").await.data(200);
    assert_eq!(listed, json!([registered]));
}

/// However many send a proof, one of them is taken.
async fn a_nonce_is_good_once(server: &Server) {
    let client = server.app.stranger(&["skills"]).await;
    let proof = client.prove(&signing_key(2), &client.challenge().await);
    let answers = join_all((0..8).map(|_| client.register_with(&proof))).await;
    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(taken, 1);
    let message = refused(&client, &proof).await;
    assert!(message.contains("nonce: "), "{message}");
    assert!(
        message.contains("/v1/publisher-keys/challenge"),
        "{message}"
    );
}

async fn a_nonce_is_its_accounts(server: &Server) {
    let victim = server.app.stranger(&["skills"]).await;
    let attacker = server.app.stranger(&["skills"]).await;
    let key = signing_key(3);
    let challenge = victim.challenge().await;
    let message = refused(&attacker, &attacker.prove(&key, &challenge)).await;
    assert!(message.contains("nonce: "), "{message}");
    let message = refused(&attacker, &victim.prove(&key, &challenge)).await;
    assert!(message.contains("another account"), "{message}");
    // Neither attempt used it up.
    let own = victim.prove(&key, &challenge);
    victim.register_with(&own).await.data(201);
    let invented = proof(&victim, &key, &challenge, |purpose| {
        purpose.nonce = "1".to_owned();
    });
    assert!(refused(&victim, &invented).await.contains("nonce: "));
}

async fn a_nonce_ends(server: &Server) {
    let client = server.app.stranger(&["skills"]).await;
    let challenge = client.challenge().await;
    server.wait(300);
    let now = Timestamp::from_micros(server.now.load(Ordering::SeqCst)).to_string();
    let late = proof(&client, &signing_key(4), &challenge, |purpose| {
        purpose.issued_at = now;
    });
    let message = refused(&client, &late).await;
    assert!(message.contains("expired"), "{message}");
}

async fn a_proof_is_of_now(server: &Server) {
    let client = server.app.stranger(&["skills"]).await;
    let challenge = client.challenge().await;
    for (issued_at, problem) in [
        ("2027-01-14T08:00:00.000Z", "clock"),
        ("2027-01-16T08:00:00.000Z", "clock"),
        ("2027-01-15T08:05:00Z", "milliseconds"),
        ("soon", "milliseconds"),
    ] {
        let proof = proof(&client, &signing_key(4), &challenge, |purpose| {
            purpose.issued_at = issued_at.to_owned();
        });
        let message = refused(&client, &proof).await;
        assert!(message.contains(problem), "{issued_at}: {message}");
    }
    let bare = json!({ "publicKey": "", "signature": "" });
    let answer = client.post("/v1/publisher-keys", bare).await;
    let message = answer.error(400, "validation_error");
    assert!(message.contains("nonce"), "{message}");
}

/// Neither a proof for another registry is taken, nor a nonce that another one on the same database gave out.
async fn a_proof_is_for_this_registry(server: &Server, database: &str) {
    let other = Server::start(Setup {
        database: Some(database.to_owned()),
        public_url: Some("https://other.example/".parse().unwrap()),
        ..Setup::default()
    })
    .await;
    other
        .now
        .store(server.now.load(Ordering::SeqCst), Ordering::SeqCst);
    let client = server.app.stranger(&["skills"]).await;
    let there = client.clone().at(&other.app.url);
    let key = signing_key(5);

    let challenge = client.challenge().await;
    let elsewhere = proof(&client, &key, &challenge, |purpose| {
        purpose.audience = "https://other.example".to_owned();
    });
    let message = refused(&client, &elsewhere).await;
    assert!(message.contains(&server.app.url), "{message}");

    let theirs = there.challenge().await;
    assert_eq!(theirs["audience"], "https://other.example");
    refused(&client, &client.prove(&key, &theirs)).await;
    let mixed = proof(&client, &key, &theirs, |purpose| {
        purpose.audience = server.app.url.clone();
    });
    let message = refused(&client, &mixed).await;
    assert!(message.contains("nonce: "), "{message}");

    let own = client.prove(&key, &challenge);
    client.register_with(&own).await.data(201);
}

/// The header is the sender's to write, and a relay's to choose.
async fn the_header_host_names_no_registry(server: &Server) {
    let client = server.app.stranger(&["skills"]).await;
    let request = client
        .request(Method::POST, "/v1/publisher-keys/challenge")
        .header("host", "relay.example")
        .json(&json!({}));
    let challenge = client.send(request).await.data(201);
    assert_eq!(challenge["audience"], server.app.url);
    let relayed = proof(&client, &signing_key(6), &challenge, |purpose| {
        purpose.audience = "http://relay.example".to_owned();
    });
    let request = client
        .request(Method::POST, "/v1/publisher-keys")
        .header("host", "relay.example")
        .json(&relayed);
    let answer = client.send(request).await;
    answer.error(400, "validation_error");
}

/// Of more than are kept the oldest goes; other accounts lose nothing.
async fn a_handful_of_nonces_is_open(server: &Server) {
    let bystander = server.app.stranger(&["skills"]).await;
    let kept = bystander.challenge().await;
    let client = server.app.stranger(&["skills"]).await;
    let first = client.challenge().await;
    for _ in 0..MAX_OPEN_CHALLENGES {
        server.wait(1);
        client.challenge().await;
    }
    let last = client.challenge().await;
    let key = signing_key(7);
    let message = refused(&client, &client.prove(&key, &first)).await;
    assert!(message.contains("nonce: "), "{message}");
    let proof = client.prove(&key, &last);
    client.register_with(&proof).await.data(201);
    let proof = bystander.prove(&key, &kept);
    bystander.register_with(&proof).await.data(201);
}

async fn accounts_do_not_shut_each_other_out(server: &Server) {
    let first = server.app.stranger(&["skills", "agents:write"]).await;
    let second = server.app.stranger(&["skills", "agents:write"]).await;
    let key = signing_key(8);
    let echo = signed("echo", &key).await;
    let agent = second.agent().await;
    let registered = first.register(&key).await.data(201);
    first.upload(&echo).await.data(201);
    second.equip(&agent, &echo, &key).await;

    let path = format!(
        "/v1/publisher-keys/{}",
        registered["keyId"].as_str().unwrap()
    );
    first.delete(&path).await.data(200);
    first.register(&key).await.error(409, "conflict");
    first.upload(&echo).await.error(400, "validation_error");
    // What the one revoked for itself is good for the other.
    second.upload(&echo).await.data(201);
    second.register(&key).await.data(201);
}
