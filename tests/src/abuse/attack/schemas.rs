//! Schemas that cost more than they look.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::attacker::demo;
use super::{Attacker, again_and_again};
use crate::abuse::arsenal;

/// Arguments nested this deep: a host that takes JSON up to 128 levels takes them.
const DEPTH: usize = 105;

pub(super) fn nested_call(attacker: Attacker) -> BoxFuture<'static, ()> {
    let deep = (0..DEPTH).fold(json!({}), |inner, _| json!({ "a": inner }));
    call_with(attacker, arsenal::nested_chain_for_calls(), deep)
}

pub(super) fn doubling(attacker: Attacker) -> BoxFuture<'static, ()> {
    call_with(attacker, arsenal::doubling(), json!({ "a": 1 }))
}

pub(super) fn nested_publish(attacker: Attacker) -> BoxFuture<'static, ()> {
    publish_only(attacker, arsenal::nested_chain_for_publishing())
}

pub(super) fn patterns(attacker: Attacker) -> BoxFuture<'static, ()> {
    publish_only(attacker, arsenal::patterns())
}

/// Publishes a tool of this schema, and calls it for as long as it was taken.
fn call_with(attacker: Attacker, schema: Value, arguments: Value) -> BoxFuture<'static, ()> {
    async move {
        let package = attacker.arsenal.with_schema(&schema, &attacker.key).await;
        again_and_again(1, async |_, _| {
            let Some(agent) = attacker.equipped(demo(), &package).await else {
                return;
            };
            let calls = (0..4).map(|peer| {
                let (attacker, agent, arguments) = (&attacker, &agent, &arguments);
                async move {
                    let peer = peer.to_string();
                    attacker
                        .call(agent, &peer, "hostile__listed", arguments)
                        .await;
                }
            });
            futures::future::join_all(calls).await;
        })
        .await;
    }
    .boxed()
}

fn publish_only(attacker: Attacker, schema: Value) -> BoxFuture<'static, ()> {
    async move {
        let package = attacker.arsenal.with_deadly_schema(&schema, &attacker.key);
        again_and_again(1, async |_, _| {
            attacker.publish(&package).await;
        })
        .await;
    }
    .boxed()
}
