//! Peers of the tests of egress: a resolver and a server that count what is asked of them, and the guest that asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_runtime::{
    Call, EgressLimits, EgressPolicy, NameLookup, OperatorLimits, Runtime, RuntimeConfig, Skill,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::support::{config, guest, manifest, package};

/// A resolver that finds every name on this machine. For names that begin with `silent` it gives no answer until the
/// zone ends; those that begin with `mixed` are at a blocked address too.
#[derive(Debug, Default)]
pub(super) struct Zone {
    pub(super) asked: AtomicUsize,
    pub(super) under_way: AtomicUsize,
    pub(super) most_at_once: AtomicUsize,
    has_ended: Mutex<bool>,
    end: Condvar,
}

impl NameLookup for Zone {
    fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        if name.starts_with("silent") {
            let ended = self.has_ended.lock().unwrap();
            drop(self.end.wait_while(ended, |ended| !*ended).unwrap());
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        match name.starts_with("mixed") {
            true => Ok(vec![here, IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))]),
            false => Ok(vec![here]),
        }
    }
}

impl Zone {
    pub(super) fn end(&self) {
        *self.has_ended.lock().unwrap() = true;
        self.end.notify_all();
    }
}

/// A runtime whose requests find their names in `zone` and may reach this machine.
pub(super) fn runtime(zone: &Arc<Zone>, limits: EgressLimits) -> Runtime {
    let egress = EgressPolicy {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        names: zone.clone(),
        timeout: Duration::from_secs(60),
        limits,
        ..EgressPolicy::default()
    };
    // Each request that is sent with a time limit costs its call a handle until the call's end.
    let limits = OperatorLimits {
        handles: 10_000,
        // Thousands of requests one after the other take a while on a busy machine.
        timeout: Duration::from_secs(300),
        ..OperatorLimits::default()
    };
    let config = RuntimeConfig {
        egress,
        limits,
        ..config()
    };
    Runtime::new(config).unwrap()
}

/// The guest that floods, with a rule for every name at this port.
pub(super) async fn flood(runtime: &Runtime, port: u16) -> Arc<Skill> {
    let manifest = manifest("flood").replace(
        "http://*.flood.example/*",
        &format!("http://*.flood.example:{port}/*"),
    );
    let manifest = manifest.replace("timeout: 30s", "timeout: 300s");
    let package = package(manifest, guest("flood"));
    runtime.load(&package).await.unwrap()
}

pub(super) fn of_account(account: &str, call: Call) -> Call {
    let mut call = call;
    call.scope.account = account.to_owned();
    call
}

pub(super) fn names(authority: &str, count: u32, timeout_ms: u64) -> Value {
    json!({ "authority": authority, "count": count, "timeout_ms": timeout_ms })
}

/// A server that gives each connection the same answer, once for each request, and counts its connections.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    connections: Arc<Connections>,
}

#[derive(Default)]
struct Connections {
    open: AtomicUsize,
    most_at_once: AtomicUsize,
    closed: Notify,
}

impl Server {
    pub(super) async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(Connections::default());
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let now = counted.open.fetch_add(1, Ordering::SeqCst) + 1;
                counted.most_at_once.fetch_max(now, Ordering::SeqCst);
                let (answer, counted) = (Arc::clone(&answer), Arc::clone(&counted));
                tokio::spawn(async move {
                    serve(stream, &answer).await;
                    counted.open.fetch_sub(1, Ordering::SeqCst);
                    counted.closed.notify_waiters();
                });
            }
        });
        Self {
            address,
            connections,
        }
    }

    pub(super) fn authority(&self, name: &str) -> String {
        format!("{name}.flood.example:{}", self.address.port())
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.connections.most_at_once.load(Ordering::SeqCst)
    }

    /// Waits until nobody is connected any more.
    pub(super) async fn is_left(&self) {
        let left = async {
            loop {
                let closed = self.connections.closed.notified();
                if self.connections.open.load(Ordering::SeqCst) == 0 {
                    return;
                }
                closed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), left)
            .await
            .expect("the connections are closed when the call is over");
    }
}

/// Answers every request that comes on this connection, until the other side closes it.
async fn serve(mut stream: TcpStream, answer: &[u8]) {
    let (mut head, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        head.extend_from_slice(&chunk[..count]);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

pub(super) const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
pub(super) const UNFINISHED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome";
