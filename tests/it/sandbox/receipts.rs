//! Receipts: bounded whatever the guest does, and with everything that counts in them.

use serde_json::json;
use skillgate_runtime::{MAX_RECEIPT, Outcome, Receipt, Use};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::http::{LOOPBACK, probe, redirecting, server};
use super::support::{load, run, text};

/// The uses of one permission.
fn uses<'a>(receipt: &'a Receipt, permission: &str) -> Vec<&'a Use> {
    let of = |used: &&Use| used.permission == permission;
    receipt.uses.iter().filter(of).collect()
}

fn json_length(receipt: &Receipt) -> usize {
    serde_json::to_vec(receipt).unwrap().len()
}

#[tokio::test]
async fn keys_that_are_refused_leave_nothing_in_the_receipt() {
    let probe = load("probe").await;
    let report = run(
        &probe,
        "kv_set_long",
        json!({"times": 256, "length": 500_000}),
    )
    .await;
    assert_eq!(text(&report), "256 refused");
    assert!(report.receipt.uses.is_empty(), "{:?}", report.receipt.uses);
    assert!(json_length(&report.receipt) < 1024);
}

#[tokio::test]
async fn a_write_that_the_quota_refused_is_no_use() {
    let probe = load("probe").await;
    let value = "x".repeat(65 << 10);
    let report = run(&probe, "kv_set", json!({"key": "a", "value": value})).await;
    assert!(matches!(report.outcome, Outcome::Limit(_)));
    assert!(report.receipt.uses.is_empty(), "{:?}", report.receipt.uses);
}

#[tokio::test]
async fn a_flood_of_keys_does_not_hide_a_request() {
    let (address, _) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let url = format!("http://{address}/drop");
    let report = run(
        &probe,
        "kv_get_then_fetch",
        json!({"keys": 300, "url": url}),
    )
    .await;
    assert_eq!(text(&report), "hello");
    let receipt = &report.receipt;
    let [request] = uses(receipt, "http")[..] else {
        panic!("{:?}", receipt.uses)
    };
    assert_eq!(
        (request.detail.as_str(), request.count, request.bytes),
        (format!("GET {url}").as_str(), 1, 5)
    );
    let kv = uses(receipt, "kv");
    let listed: u64 = kv.iter().map(|used| used.count).sum();
    assert_eq!(listed + receipt.omitted, 900, "all of them are counted");
    let bytes: u64 = kv.iter().map(|used| used.bytes).sum();
    assert_eq!(bytes + receipt.omitted_bytes, 600);
    assert!(json_length(receipt) <= MAX_RECEIPT);
    assert_eq!(
        serde_json::to_value(receipt).unwrap()["omitted"],
        receipt.omitted
    );
}

#[tokio::test]
async fn nothing_omitted_is_not_mentioned() {
    let probe = load("probe").await;
    let receipt = run(&probe, "kv_set", json!({"key": "a", "value": "bc"}))
        .await
        .receipt;
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(
        json["uses"],
        json!([{"permission": "kv", "detail": "set a", "count": 1, "bytes": 2}])
    );
    assert!(json.get("omitted").is_none() && json.get("omittedBytes").is_none());
}

#[tokio::test]
async fn what_left_counts_although_nobody_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Reads the whole body, and hangs up without a word.
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut taken = vec![0; 100_000];
            let _ = stream.read_exact(&mut taken).await;
        }
    });
    let probe = probe(&[&format!("POST http://{address}/*")], &[LOOPBACK]).await;
    let request = json!({
        "url": format!("http://{address}/drop?note=12345"),
        "method": "POST",
        "body": "x".repeat(100_000),
    });
    let report = run(&probe, "fetch", request).await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
    let [used] = uses(&report.receipt, "http")[..] else {
        panic!("{:?}", report.receipt.uses)
    };
    assert_eq!(used.detail, format!("POST http://{address}/drop"));
    assert_eq!(used.bytes, 100_000 + "note=12345".len() as u64);
    let shown = serde_json::to_string(&report.receipt).unwrap();
    assert!(!shown.contains("12345"), "{shown}");
}

#[tokio::test]
async fn a_body_is_sent_with_its_length() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("POST http://{address}/*")], &[LOOPBACK]).await;
    let request = json!({
        "url": format!("http://{address}/"),
        "method": "POST",
        "body": "x".repeat(40_000),
    });
    let report = run(&probe, "fetch", request).await;
    assert_eq!(
        uses(&report.receipt, "http")[0].bytes,
        40_000 + "hello".len() as u64
    );
    let headers = &seen.lock().unwrap()[0].1;
    assert_eq!(headers["content-length"], "40000");
    assert!(!headers.contains_key("transfer-encoding"));
}

#[tokio::test]
async fn a_long_path_is_cut_and_told_from_others_by_a_digest() {
    let (address, _) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let there = format!("http://{address}/{}", "a".repeat(5_000));
    let elsewhere = format!("http://{address}/{}", "b".repeat(5_000));
    let url = redirecting(address, &there);
    for (url, hops) in [(url, 2), (elsewhere, 1)] {
        let report = run(&probe, "fetch", json!({"url": url})).await;
        let requests = uses(&report.receipt, "http");
        assert_eq!(requests.len(), hops);
        for used in requests {
            let (shown, digest) = used.detail.split_once("…sha256:").unwrap();
            assert_eq!((shown.len(), digest.len()), (256, 16), "{used:?}");
        }
    }
}
