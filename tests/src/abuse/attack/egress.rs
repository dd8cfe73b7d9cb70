//! Requests of skills: names that are looked up, connections and bodies that stay open.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::{Attacker, again_and_again};

/// Addresses in one call; its arguments and its time have limits.
const IN_A_CALL: usize = 400;

pub(super) fn unknown_names(attacker: Attacker) -> BoxFuture<'static, ()> {
    fetching(attacker, 4, 1, |_, number| {
        let name = |index| format!("https://n{number}-{index}.black.invalid/");
        (0..IN_A_CALL).map(name).collect()
    })
}

pub(super) fn idle_connections(attacker: Attacker) -> BoxFuture<'static, ()> {
    fetching(attacker, 12, 2_000, |attacker, number| {
        let urls = attacker.arsenal.peers.urls.iter();
        urls.map(|url| format!("{url}/{number}")).collect()
    })
}

pub(super) fn held_bodies(attacker: Attacker) -> BoxFuture<'static, ()> {
    fetching(attacker, 12, 4_000, |attacker, _| {
        let urls = attacker.arsenal.peers.urls.iter();
        urls.map(|url| format!("{url}/hold")).collect()
    })
}

/// Has a tool ask for addresses, in so many lanes at once.
fn fetching(
    attacker: Attacker,
    lanes: u64,
    ms: u64,
    urls: impl Fn(&Attacker, u64) -> Vec<String> + Send + Sync + 'static,
) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        again_and_again(lanes, async |lane, number| {
            let arguments: Value = json!({ "urls": urls(&attacker, number), "ms": ms });
            let peer = lane.to_string();
            attacker
                .call(agent, &peer, "hostile__fetch_each", &arguments)
                .await;
        })
        .await;
    }
    .boxed()
}
