//! Connections that cost their owner nothing, and keys that nobody gave.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Attacker, again_and_again};
use crate::app::Client;

/// How long such a connection is held at most, before the next one is opened in its place.
const HELD: Duration = Duration::from_secs(120);

pub(super) fn half_heads(attacker: Attacker) -> BoxFuture<'static, ()> {
    let half = format!(
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx-filler: {}",
        "f".repeat(60_000)
    );
    holding(attacker, 400, "half a head", half)
}

pub(super) fn slow_bodies(attacker: Attacker) -> BoxFuture<'static, ()> {
    let key = attacker.client.key.clone().unwrap_or_default();
    let head = format!(
        "POST /v1/agents HTTP/1.1\r\nhost: a\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: 100000\r\n\r\n{{\"name\":\""
    );
    holding(attacker, 100, "slow body", head)
}

/// Opens connections, sends `start` on each and then a byte a second, until the server ends them.
fn holding(
    attacker: Attacker,
    lanes: u64,
    what: &'static str,
    start: String,
) -> BoxFuture<'static, ()> {
    async move {
        let address = attacker.client.url.trim_start_matches("http://").to_owned();
        again_and_again(lanes, async |_, _| {
            let held = tokio::time::timeout(HELD, trickle(&address, &start)).await;
            let outcome = match held {
                Err(_) => "held for two minutes",
                Ok(Err(_)) => "no connection, or broken",
                Ok(Ok(true)) => "answered and ended by the server",
                Ok(Ok(false)) => "ended by the server",
            };
            attacker.tally.count(what, outcome);
        })
        .await;
    }
    .boxed()
}

/// Sends `start`, then a byte a second; whether there was an answer before the end.
async fn trickle(address: &str, start: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(start.as_bytes()).await?;
    let mut answer = Vec::new();
    loop {
        let second = Duration::from_secs(1);
        match tokio::time::timeout(second, stream.read_buf(&mut answer)).await {
            Err(_) => stream.write_all(b"x").await?,
            Ok(Ok(0)) | Ok(Err(_)) => return Ok(!answer.is_empty()),
            Ok(Ok(_)) => {}
        }
    }
}

pub(super) fn unread_streams(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let agent = attacker.agent();
        again_and_again(40, async |lane, number| {
            let logs = format!("/v1/agents/{agent}/logs/stream?tail=10000");
            let chat = format!("/v1/agents/{agent}/chat/messages");
            let said = format!(
                "hostile__repeat {}",
                json!({ "text": "unread ", "times": 9_000 })
            );
            let peer = format!("{lane}-{number}");
            let request = match lane % 2 {
                0 => attacker.client.request(Method::GET, &logs),
                _ => attacker
                    .client
                    .request(Method::POST, &chat)
                    .json(&json!({ "message": said, "peerId": peer })),
            };
            match request.send().await {
                Err(_) => attacker.tally.count("unread stream", "no answer"),
                Ok(unread) => {
                    attacker
                        .tally
                        .count("unread stream", unread.status().as_u16());
                    tokio::time::sleep(HELD / 4).await;
                }
            }
        })
        .await;
    }
    .boxed()
}

pub(super) fn unknown_keys(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        let nobody = Client::new(&attacker.client.url, None);
        again_and_again(8, async |_, number| {
            // Twenty in a row, then the pause: what a key costs is to count here.
            for each in 0..20 {
                let key = format!(
                    "ak_live_{:032x}",
                    u128::from(number * 20 + each) + (1 << 100)
                );
                let request = nobody.request(Method::GET, "/v1/account");
                attacker
                    .send("unknown key", request.header("x-api-key", key))
                    .await;
            }
        })
        .await;
    }
    .boxed()
}

pub(super) fn keys_without_limit(attacker: Attacker) -> BoxFuture<'static, ()> {
    async move {
        again_and_again(2, async |_, _| {
            let body = json!({ "label": "free", "scopes": ["agents:read"], "rateLimit": 0 });
            let made = attacker.post("make key", "/v1/api-keys", body).await;
            let key = made.and_then(|(_, answer)| Some(answer["data"]["key"].as_str()?.to_owned()));
            let Some(key) = key else { return };
            let free = Client::new(&attacker.client.url, Some(&key));
            for _ in 0..50 {
                let request = free.request(Method::GET, "/v1/agents");
                attacker.send("use key", request).await;
            }
        })
        .await;
    }
    .boxed()
}
