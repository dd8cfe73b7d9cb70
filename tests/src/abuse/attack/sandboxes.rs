//! Guests that use all that they are given, more of them than there are processors.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::{Attacker, again_and_again};

pub(super) fn spinning(attacker: Attacker) -> BoxFuture<'static, ()> {
    calling(attacker, 16, &["rogue__spin"])
}

pub(super) fn allocating(attacker: Attacker) -> BoxFuture<'static, ()> {
    calling(attacker, 8, &["rogue__allocate"])
}

pub(super) fn printing(attacker: Attacker) -> BoxFuture<'static, ()> {
    let tools = &[
        "rogue__print",
        "rogue__huge",
        "rogue__random_flood",
        "rogue__recurse",
    ];
    calling(attacker, 8, tools)
}

/// Calls tools of the guest `rogue`, each lane as a peer of its own.
fn calling(
    attacker: Attacker,
    lanes: u64,
    tools: &'static [&'static str],
) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        again_and_again(lanes, async |lane, number| {
            let tool = tools[usize::try_from(number).unwrap() % tools.len()];
            let peer = lane.to_string();
            attacker.call(agent, &peer, tool, &json!({})).await;
        })
        .await;
    }
    .boxed()
}
