//! What a model that is on the attackers' side answers.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::{Attacker, again_and_again};

/// Deep enough to be stored deeper than JSON is usually read.
const DEPTH: usize = 120;

pub(super) fn many_calls(attacker: Attacker) -> BoxFuture<'static, ()> {
    talking(attacker)
}

pub(super) fn equal_ids(attacker: Attacker) -> BoxFuture<'static, ()> {
    talking(attacker)
}

pub(super) fn huge_answer(attacker: Attacker) -> BoxFuture<'static, ()> {
    talking(attacker)
}

pub(super) fn deep_arguments(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        let deep = (0..DEPTH).fold(json!("x"), |inner, _| json!({ "a": inner }));
        again_and_again(1, async |_, number| {
            let peer = number.to_string();
            attacker.call(agent, &peer, "echo__echo", &deep).await;
            let path = format!("/v1/agents/{agent}/chat/messages");
            attacker.get("read history", &path).await;
        })
        .await;
    }
    .boxed()
}

/// Talks to an agent whose model is the attackers' own; each turn is another peer's, so that no history grows.
fn talking(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        again_and_again(2, async |_, number| {
            attacker.say(agent, &number.to_string(), "Go on.").await;
        })
        .await;
    }
    .boxed()
}
