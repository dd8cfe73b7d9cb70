//! Many requests and lookups at once: what one account starts never fills what all share.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_runtime::{
    Call, EgressLimits, EgressPolicy, NameLookup, OperatorLimits, Outcome, Runtime, RuntimeConfig,
    Skill,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::support::{call, config, denial, guest, manifest, package, run, text};

/// A resolver that finds every name on this machine. For names that begin with `silent` it gives no answer until the
/// zone is dropped; those that begin with `mixed` are at a blocked address too.
#[derive(Debug, Default)]
struct Zone {
    asked: AtomicUsize,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
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
    fn end(&self) {
        *self.has_ended.lock().unwrap() = true;
        self.end.notify_all();
    }
}

/// A runtime whose requests find their names in `zone` and may reach this machine.
fn runtime(zone: &Arc<Zone>, limits: EgressLimits) -> Runtime {
    let egress = EgressPolicy {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        names: zone.clone(),
        timeout: Duration::from_secs(5),
        limits,
        ..EgressPolicy::default()
    };
    // Each request that is sent with a time limit costs its call a handle until the call's end.
    let limits = OperatorLimits {
        handles: 10_000,
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
async fn flood(runtime: &Runtime, port: u16) -> Arc<Skill> {
    let manifest = manifest("flood").replace(
        "http://*.flood.example/*",
        &format!("http://*.flood.example:{port}/*"),
    );
    let package = package(manifest, guest("flood"));
    runtime.load(&package).await.unwrap()
}

fn of_account(account: &str, call: Call) -> Call {
    let mut call = call;
    call.scope.account = account.to_owned();
    call
}

fn names(authority: &str, count: u32, timeout_ms: u64) -> Value {
    json!({ "authority": authority, "count": count, "timeout_ms": timeout_ms })
}

/// A server that gives each connection the same answer, once for each request, and counts its connections.
struct Server {
    address: SocketAddr,
    connections: Arc<Connections>,
}

#[derive(Default)]
struct Connections {
    open: AtomicUsize,
    most_at_once: AtomicUsize,
    closed: Notify,
}

impl Server {
    async fn start(answer: impl Into<Vec<u8>>) -> Self {
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

    fn authority(&self, name: &str) -> String {
        format!("{name}.flood.example:{}", self.address.port())
    }

    fn most_at_once(&self) -> usize {
        self.connections.most_at_once.load(Ordering::SeqCst)
    }

    /// Waits until nobody is connected any more.
    async fn is_left(&self) {
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

const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const UNFINISHED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome";

#[tokio::test]
async fn a_silent_name_server_holds_up_nobody_else() {
    let zone = Arc::new(Zone::default());
    let limits = EgressLimits::default();
    let runtime = runtime(&zone, limits.clone());
    let server = Server::start(EMPTY).await;
    let flood = flood(&runtime, server.address.port()).await;
    let probe = package(manifest("probe"), guest("probe"));
    let probe = runtime.load(&probe).await.unwrap();

    let silent = names(&server.authority("silent{}"), 2_000, 1);
    let report = flood
        .call(of_account("one", call(&flood, "fetch_names", silent)))
        .await
        .unwrap();
    assert!(text(&report).starts_with("0 answered"), "{}", text(&report));
    assert_eq!(
        zone.under_way.load(Ordering::SeqCst),
        limits.lookups_per_account,
        "the call is over, its lookups are not: they hold their places"
    );
    assert!(zone.most_at_once.load(Ordering::SeqCst) <= limits.lookups_per_account);
    // Files, keys and names of others go on meanwhile.
    for index in 0..50 {
        let arguments = json!({ "key": format!("k{index}"), "value": "v" });
        text(&run(&probe, "kv_set", arguments).await);
    }
    let found = names(&server.authority("found{}"), 3, 5_000);
    let report = flood
        .call(of_account("other", call(&flood, "fetch_names", found)))
        .await
        .unwrap();
    assert!(text(&report).starts_with("3 answered"), "{}", text(&report));
    zone.end();
}

#[tokio::test]
async fn who_waits_for_a_name_is_told_so_in_time() {
    let zone = Arc::new(Zone::default());
    let limits = EgressLimits {
        lookup_timeout: Duration::from_millis(50),
        ..EgressLimits::default()
    };
    let runtime = runtime(&zone, limits);
    let flood = flood(&runtime, 80).await;
    // The second to the fourth take the account's other places, the fifth waits for one; each ends in its own time.
    let silent = names("silent{}.flood.example", 5, 20_000);
    let report = run(&flood, "fetch_names", silent).await;
    let said = text(&report).to_lowercase();
    assert!(
        said.contains("0 answered") && said.contains("dns"),
        "{said}"
    );
    assert_eq!(zone.asked.load(Ordering::SeqCst), 4);
    zone.end();
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_checked_each_time() {
    let zone = Arc::new(Zone::default());
    let runtime = runtime(&zone, EgressLimits::default());
    let server = Server::start(EMPTY).await;
    let flood = flood(&runtime, server.address.port()).await;
    let same = names(&server.authority("same"), 5, 5_000);
    let report = run(&flood, "fetch_names", same).await;
    assert!(text(&report).starts_with("5 answered"), "{}", text(&report));
    assert_eq!(zone.asked.load(Ordering::SeqCst), 1);
    // One blocked address refuses the name, when it was found just now and when it was remembered.
    for _ in 0..2 {
        let mixed = names(&server.authority("mixed"), 1, 5_000);
        let report = run(&flood, "hold_answers", mixed).await;
        assert!(text(&report).starts_with("0 answered"), "{report:?}");
    }
    assert_eq!(zone.asked.load(Ordering::SeqCst), 2);
    // What one account looked up tells another nothing.
    let same = names(&server.authority("same"), 1, 5_000);
    let other = of_account("other", call(&flood, "fetch_names", same));
    flood.call(other).await.unwrap();
    assert_eq!(zone.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn two_thousand_names_leave_no_connections_open() {
    let zone = Arc::new(Zone::default());
    let runtime = runtime(&zone, EgressLimits::default());
    let server = Server::start(EMPTY).await;
    let flood = flood(&runtime, server.address.port()).await;
    let many = names(&server.authority("a{}"), 2_000, 10_000);
    let report = run(&flood, "fetch_names", many).await;
    assert!(
        text(&report).starts_with("2000 answered"),
        "{}",
        text(&report)
    );
    assert!(server.most_at_once() <= 16, "{}", server.most_at_once());
    server.is_left().await;
}

#[tokio::test]
async fn an_answer_counts_until_its_body_is_gone() {
    let zone = Arc::new(Zone::default());
    let limits = EgressLimits {
        requests: 5,
        requests_per_account: 3,
        place_timeout: Duration::from_millis(200),
        ..EgressLimits::default()
    };
    let runtime = runtime(&zone, limits);
    let server = Server::start(UNFINISHED).await;
    let flood = flood(&runtime, server.address.port()).await;
    for _ in 0..2 {
        let unread = names(&server.authority("a"), 20, 10_000);
        let report = run(&flood, "hold_answers", unread).await;
        assert_eq!(text(&report), "3 answered");
        server.is_left().await;
    }
    assert_eq!(server.most_at_once(), 3);
}

#[tokio::test]
async fn one_call_has_eight_answers_under_way() {
    let zone = Arc::new(Zone::default());
    let limits = EgressLimits {
        place_timeout: Duration::from_millis(200),
        ..EgressLimits::default()
    };
    let runtime = runtime(&zone, limits);
    let server = Server::start(UNFINISHED).await;
    let flood = flood(&runtime, server.address.port()).await;
    let unread = names(&server.authority("a"), 30, 10_000);
    let report = run(&flood, "hold_answers", unread).await;
    assert_eq!(
        (text(&report).as_str(), server.most_at_once()),
        ("8 answered", 8)
    );
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_cut() {
    let zone = Arc::new(Zone::default());
    let egress = EgressPolicy {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        names: zone.clone(),
        timeout: Duration::from_millis(200),
        ..EgressPolicy::default()
    };
    let runtime = Runtime::new(RuntimeConfig { egress, ..config() }).unwrap();
    for begun in ["HTTP/1.1 200 OK\r\nx-half: a", UNFINISHED] {
        let server = Server::start(begun).await;
        let flood = flood(&runtime, server.address.port()).await;
        let slow = names(&server.authority("slow"), 1, 25_000);
        let report = run(&flood, "fetch_names", slow).await;
        assert!(text(&report).starts_with("0 answered"), "{report:?}");
        server.is_left().await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let zone = Arc::new(Zone::default());
    let runtime = runtime(&zone, EgressLimits::default());
    let headers: HashSet<String> = (0..80)
        .map(|number| format!("x-{number}: {}\r\n", "a".repeat(1_000)))
        .collect();
    let headers: String = headers.into_iter().collect();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{headers}\r\n");
    let server = Server::start(answer).await;
    let flood = flood(&runtime, server.address.port()).await;
    let report = run(
        &flood,
        "fetch_names",
        names(&server.authority("a"), 1, 5_000),
    )
    .await;
    let said = text(&report).to_lowercase();
    assert!(
        said.contains("0 answered") && said.contains("header"),
        "{said}"
    );
}

#[tokio::test]
async fn no_rule_permits_a_method_that_sends_the_request_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let manifest =
        manifest("probe").replace("GET https://example.com/*", &format!("http://{address}/*"));
    let runtime = runtime(&Arc::default(), EgressLimits::default());
    let probe = runtime
        .load(&package(manifest, guest("probe")))
        .await
        .unwrap();
    for method in ["TRACE", "TRACK"] {
        let arguments = json!({ "url": format!("http://{address}/"), "method": method });
        let report = run(&probe, "fetch", arguments).await;
        assert!(matches!(report.outcome, Outcome::Denied(_)), "{report:?}");
        assert!(denial(&report).contains("sends the request back"));
    }
}
