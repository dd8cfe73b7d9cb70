//! Package work: uploads, installs, compiled code.

use std::convert::Infallible;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt, stream};
use reqwest::{Body, Method};
use serde_json::json;

use super::attacker::{LARGE_NAME, demo};
use super::{Attacker, again_and_again};

/// Installs at once.
const INSTALLS: usize = 60;
/// Uploads at once; the server once had 8 places for all.
const UPLOADS: u64 = 24;

pub(super) fn install_storm(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        again_and_again(1, async |_, _| {
            let installs = (0..INSTALLS).map(|_| attacker.install(agent, LARGE_NAME));
            join_all(installs).await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn slow_uploads(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        again_and_again(UPLOADS, async |_, _| {
            let head = "--edge\r\ncontent-disposition: form-data; name=\"package\"; filename=\"a\"\r\n\r\n";
            let first = stream::iter([Ok::<_, Infallible>(head)]);
            let trickle = stream::repeat("x").then(async |byte| {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(byte)
            });
            let request = attacker.client.request(Method::POST, "/v1/skills");
            let request = request
                .header("content-type", "multipart/form-data; boundary=edge")
                .body(Body::wrap_stream(first.chain(trickle)));
            attacker.send("slow upload", request).await;
        })
        .await;
    }
    .boxed()
}

pub(super) fn many_versions(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        again_and_again(2, async |_, number| {
            let package = attacker.arsenal.version(number + 1, &attacker.key);
            if !attacker.publish(&package).await {
                return;
            }
            // A version of one skill is installed on an agent once: each gets an agent of its own.
            if let Some(agent) = attacker.new_agent(demo()).await {
                attacker.install(&agent, "rogue").await;
                let arguments = json!({ "lines": 1 });
                attacker
                    .call(&agent, "peer", "rogue__log_flood", &arguments)
                    .await;
            }
        })
        .await;
    }
    .boxed()
}
