//! Folders of skills: bytes that no name leads to, and names that lead too deep.

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::json;

use super::{Attacker, again_and_again};

pub(super) fn without_names(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        let arguments = json!({ "bytes": 64 << 20 });
        again_and_again(4, async |lane, _| {
            let peer = lane.to_string();
            attacker
                .call(agent, &peer, "hostile__hoard", &arguments)
                .await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn nested(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        again_and_again(2, async |_, _| {
            let Some(agent) = attacker.hostile_agent().await else {
                return;
            };
            let arguments = json!({ "levels": 2_000 });
            attacker
                .call(&agent, "peer", "hostile__nest", &arguments)
                .await;
            let path = format!("/v1/agents/{agent}");
            let request = attacker.client.request(Method::DELETE, &path);
            attacker.send("delete agent", request).await;
        })
        .await;
    }
    .boxed()
}
