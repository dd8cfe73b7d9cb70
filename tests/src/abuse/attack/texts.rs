//! Texts that are read as a whole, and secrets that are looked for in every text.

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::attacker::demo;
use super::{Attacker, again_and_again};

/// The longest text of an agent, in bytes.
const TEXT: usize = 256 << 10;
/// The longest value of a secret, in bytes.
const SECRET: usize = 16 << 10;

pub(super) fn huge_texts(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let text = "t".repeat(TEXT);
        again_and_again(2, async |_, _| {
            let body =
                json!({ "name": "Large", "config": demo(), "soulMd": text, "workflowMd": text });
            attacker.post("make large agent", "/v1/agents", body).await;
            let reads = (0..10).map(|_| attacker.get("read account", "/v1/account"));
            join_all(reads).await;
            attacker.get("list agents", "/v1/agents?limit=100").await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn redaction(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        let body = json!({ "secrets": { "SHORT": "abcdef" } });
        let path = format!("/v1/agents/{agent}/secrets");
        let request = attacker.client.request(Method::PATCH, &path).json(&body);
        attacker.send("set secret", request).await;
        let arguments = json!({ "text": "abcdef", "times": 170_000 });
        again_and_again(2, async |lane, _| {
            let peer = lane.to_string();
            attacker
                .call(agent, &peer, "hostile__repeat", &arguments)
                .await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn many_secrets(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let Some(agent) = attacker.new_agent(demo()).await else {
            return std::future::pending().await;
        };
        again_and_again(1, async |_, number| {
            let secrets: Map<String, Value> = (0..60)
                .map(|secret| {
                    let word = format!("{number}-{secret}-");
                    let value = word.repeat(SECRET / word.len());
                    (format!("SECRET_{number}_{secret}"), value.into())
                })
                .collect();
            let body = json!({ "secrets": secrets });
            let path = format!("/v1/agents/{agent}/secrets");
            let request = attacker.client.request(Method::PATCH, &path).json(&body);
            attacker.send("set secrets", request).await;
            attacker.say(&agent, "peer", "ok").await;
        })
        .await;
    }
    .boxed()
}
