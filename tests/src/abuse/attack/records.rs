//! What the host writes down of what a guest or a tenant did.

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::json;

use super::attacker::demo;
use super::{Attacker, again_and_again};

pub(super) fn keys(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        let arguments = json!({ "times": 256, "bytes": 500_000 });
        again_and_again(2, async |lane, _| {
            let peer = lane.to_string();
            attacker
                .call(agent, &peer, "hostile__flood_keys", &arguments)
                .await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn paths(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        again_and_again(2, async |lane, _| {
            let base = &attacker.arsenal.peers.urls[0];
            let arguments = json!({ "base": base, "times": 200, "bytes": 7_000 });
            let peer = lane.to_string();
            attacker
                .call(agent, &peer, "hostile__fetch_long_paths", &arguments)
                .await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn lines(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        let arguments = json!({ "lines": 1_000 });
        again_and_again(4, async |lane, _| {
            let peer = lane.to_string();
            attacker
                .call(agent, &peer, "rogue__log_flood", &arguments)
                .await;
            let path = format!("/v1/agents/{agent}/logs?tail=10000");
            attacker.get("read log", &path).await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn deleted_names(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let Some(agent) = attacker.new_agent(demo()).await else {
            return std::future::pending().await;
        };
        let names: Vec<String> = (0..7_000).map(|name| format!("{name:0>128}")).collect();
        let body = json!({ "deleteSecrets": names });
        again_and_again(2, async |_, _| {
            let path = format!("/v1/agents/{agent}/secrets");
            let request = attacker.client.request(Method::PATCH, &path).json(&body);
            attacker.send("delete secrets", request).await;
        })
        .await;
    }
    .boxed()
}
