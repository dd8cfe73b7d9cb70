//! Many requests and lookups at once: what one account starts never fills what all share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use skillgate_runtime::{EgressLimits, EgressPolicy, Outcome, Runtime, RuntimeConfig};
use tokio::net::TcpListener;

use super::egress_peers::{EMPTY, Server, UNFINISHED, Zone, flood, names, of_account, runtime};
use super::support::{call, config, denial, guest, manifest, package, run, text};

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
    let headers: String = (0..80)
        .map(|number| format!("x-{number}: {}\r\n", "a".repeat(1_000)))
        .collect();
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
