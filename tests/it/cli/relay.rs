//! A publisher who publishes once to an attacker's registry: nothing of theirs gets registered elsewhere.

use serde_json::json;
use skillgate_tests::app::{Client, TestApp};
use skillgate_tests::relay_registry::{Audience, RelayRegistry};

use super::bench::Bench;
use super::{FAILED, REFUSED};

/// A victim with a signed package, the real registry, and the attacker's account there.
async fn given() -> (Bench, TestApp, Client) {
    let bench = Bench::with_skill("tips").set("SKILLGATE_API_KEY", "any");
    bench.run(&["build", "tips"]).ok();
    bench.run(&["keys", "new"]).ok();
    bench.run(&["sign", "tips.skill"]).ok();
    let registry = TestApp::with_script(json!({ "turns": [] })).await;
    let attacker = registry.stranger(&["skills"]).await;
    (bench, registry, attacker)
}

async fn has_no_key(attacker: &Client) {
    let keys = attacker.get("/v1/publisher-keys").await.data(200);
    assert_eq!(keys, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_another_registry_is_not_signed() {
    let (bench, registry, attacker) = given().await;
    let relay = RelayRegistry::start(attacker.clone(), Audience::PassedOn).await;
    let message = bench
        .run(&["publish", "tips.skill", "--url", &relay.url])
        .fails(REFUSED);
    for part in [&registry.url, &relay.url, "--url", "--public-url"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(relay.proofs().is_empty());
    has_no_key(&attacker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_for_the_relay_is_of_no_use_elsewhere() {
    let (bench, registry, attacker) = given().await;
    let relay = RelayRegistry::start(attacker.clone(), Audience::Own).await;
    let message = bench
        .run(&["publish", "tips.skill", "--url", &relay.url])
        .fails(FAILED);
    assert!(message.contains("another registry"), "{message}");
    // It was said for whom it is before it was signed.
    assert!(message.contains(&relay.url), "{message}");
    assert!(message.contains(&attacker.account), "{message}");
    assert_eq!(relay.proofs().len(), 1);
    has_no_key(&attacker).await;

    let victim = registry.stranger(&["skills"]).await;
    let published = bench
        .set("SKILLGATE_API_KEY", victim.key.as_deref().unwrap())
        .run(&["publish", "tips.skill", "--url", &registry.url]);
    assert!(published.stderr.contains(&victim.account));
    published.ok();
}

/// Two ways to write this machine are one registry.
#[tokio::test(flavor = "multi_thread")]
async fn localhost_is_this_machine() {
    let (bench, registry, publisher) = given().await;
    let url = registry.url.replace("127.0.0.1", "localhost");
    bench
        .set("SKILLGATE_API_KEY", publisher.key.as_deref().unwrap())
        .run(&["publish", "tips.skill", "--url", &url])
        .ok();
    let keys = publisher.get("/v1/publisher-keys").await.data(200);
    assert_eq!(keys.as_array().unwrap().len(), 1);
}
