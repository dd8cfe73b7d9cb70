//! Requests: rules, the operator's floor, redirects, and secrets that the guest never sees.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use skillgate_runtime::{Call, EgressPolicy, Outcome, Report, Runtime, RuntimeConfig, Skill};

use super::support::{OneSecret, call, config, denial, guest, manifest, package, text};

/// What a server was sent: each request's URI and headers.
pub(super) type Seen = Arc<Mutex<Vec<(Uri, HeaderMap)>>>;

/// A server on a free port: `/to/{url}` redirects there (the URL in hex), anything else answers `hello`.
pub(super) async fn server(host: &str) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let app = Router::new()
        .route("/to/{target}", any(redirect))
        .route("/large", any(async || "x".repeat(20 << 20)))
        .fallback(any(async || "hello"))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&seen),
            note,
        ))
        .with_state(Arc::clone(&seen));
    let listener = tokio::net::TcpListener::bind((host, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, seen)
}

async fn note(
    State(seen): State<Seen>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    seen.lock()
        .unwrap()
        .push((request.uri().clone(), request.headers().clone()));
    next.run(request).await
}

async fn redirect(Path(target): Path<String>) -> Response {
    let target = String::from_utf8(hex::decode(target).unwrap()).unwrap();
    (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
}

pub(super) fn redirecting(from: SocketAddr, to: &str) -> String {
    format!("http://{from}/to/{}", hex::encode(to))
}

/// The probe with these http rules, in a runtime whose floor lets these networks through.
pub(super) async fn probe(rules: &[&str], floor_allows: &[&str]) -> Arc<Skill> {
    let rules: Vec<String> = rules
        .iter()
        .map(|rule| format!("        - {rule}"))
        .collect();
    let manifest =
        manifest("probe").replace("        - GET https://example.com/*", &rules.join("\n"));
    let manifest = manifest.replace("host: example.com", "host: 127.0.0.1");
    let allow = floor_allows
        .iter()
        .map(|net| net.parse().unwrap())
        .collect();
    let egress = EgressPolicy {
        allow,
        ..EgressPolicy::default()
    };
    let runtime = Runtime::new(RuntimeConfig { egress, ..config() }).unwrap();
    runtime
        .load(&package(manifest, guest("probe")))
        .await
        .unwrap()
}

async fn fetch(probe: &Skill, arguments: Value) -> Report {
    let call = Call {
        secrets: Arc::new(OneSecret("PROBE_TOKEN", "s3cret-value")),
        ..call(probe, "fetch", arguments)
    };
    probe.call(call).await.unwrap()
}

fn page(report: &Report) -> Value {
    let Outcome::Result(result) = &report.outcome else {
        panic!("not a result: {:?}", report.outcome)
    };
    result.structured.clone().unwrap()
}

pub(super) const LOOPBACK: &str = "127.0.0.0/8";

#[tokio::test]
async fn an_allowed_request_is_answered_and_stands_in_the_receipt() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let report = fetch(&probe, json!({"url": format!("http://{address}/a?b=c")})).await;
    let page = page(&report);
    assert_eq!(
        (&page["status"], &page["body"]),
        (&json!(200), &json!("hello"))
    );
    assert_eq!(seen.lock().unwrap()[0].0, "/a?b=c");
    let used = report
        .receipt
        .uses
        .iter()
        .find(|used| used.permission == "http")
        .unwrap();
    assert_eq!(
        (used.detail.as_str(), used.count, used.bytes),
        (
            format!("GET http://{address}/a").as_str(),
            1,
            ("b=c".len() + "hello".len()) as u64
        )
    );
}

#[tokio::test]
async fn a_request_that_no_rule_allows_never_leaves() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/public/*")], &[LOOPBACK]).await;
    for (method, path) in [
        ("GET", "/private"),
        ("POST", "/public/x"),
        ("GET", "/public/../private"),
        ("GET", "/public/%2e%2e/private"),
    ] {
        let url = format!("http://{address}{path}");
        let shown = denial(&fetch(&probe, json!({"url": url, "method": method})).await);
        assert!(
            shown.contains("not asked for") && shown.contains("http:\n"),
            "{shown}"
        );
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_metadata_address_is_below_the_floor_even_with_a_rule() {
    let probe = probe(&["GET http://169.254.169.254/*"], &[]).await;
    let shown = denial(
        &fetch(
            &probe,
            json!({"url": "http://169.254.169.254/latest/meta-data/"}),
        )
        .await,
    );
    assert!(shown.contains("cloud metadata"), "{shown}");
}

#[tokio::test]
async fn localhost_by_name_is_below_the_floor() {
    let (address, seen) = server("127.0.0.1").await;
    let url = format!("http://localhost:{}/", address.port());
    let probe = probe(&[&format!("GET {url}*")], &[]).await;
    let shown = denial(&fetch(&probe, json!({"url": url})).await);
    assert!(shown.contains("loopback"), "{shown}");
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_passes_the_floor_again() {
    // The first server stands for the public one: the floor lets its address through, and no other.
    let (public, _) = server("127.0.0.2").await;
    let (private, seen) = server("127.0.0.1").await;
    let target = format!("http://{private}/secret");
    let probe = probe(
        &[
            &format!("GET http://{public}/*"),
            &format!("GET http://{private}/*"),
        ],
        &["127.0.0.2/32"],
    )
    .await;
    let shown = denial(&fetch(&probe, json!({"url": redirecting(public, &target)})).await);
    assert!(
        shown.contains("127.0.0.1") && shown.contains("loopback"),
        "{shown}"
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_passes_the_rules_again() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/to/*")], &[LOOPBACK]).await;
    let shown = denial(&fetch(&probe, json!({"url": redirecting(address, "/elsewhere")})).await);
    assert!(shown.contains("/elsewhere"), "{shown}");
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn redirects_that_go_round_end() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let mut url = format!("http://{address}/end");
    for _ in 0..7 {
        url = redirecting(address, &url);
    }
    let report = fetch(&probe, json!({"url": url})).await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
    assert_eq!(
        seen.lock().unwrap().len(),
        6,
        "the request and five redirects"
    );
}

#[tokio::test]
async fn a_secret_is_put_in_by_the_host_and_the_guest_sees_nothing_of_it() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let headers = json!([["authorization", "the guest's guess"]]);
    let report = fetch(
        &probe,
        json!({"url": format!("http://{address}/"), "headers": headers}),
    )
    .await;
    assert_eq!(page(&report)["body"], "hello");
    let sent = &seen.lock().unwrap()[0].1;
    assert_eq!(
        sent.get_all("authorization").iter().collect::<Vec<_>>(),
        ["Bearer s3cret-value"]
    );
    assert!(!format!("{report:?}").contains("s3cret"), "{report:?}");
    assert!(
        report
            .receipt
            .uses
            .iter()
            .any(|used| used.permission == "secrets" && used.detail.starts_with("PROBE_TOKEN"))
    );
}

#[tokio::test]
async fn a_guest_cannot_name_another_host_in_a_header() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let headers = json!([["host", "elsewhere.example"]]);
    let report = fetch(
        &probe,
        json!({"url": format!("http://{address}/"), "headers": headers}),
    )
    .await;
    assert!(
        matches!(report.outcome, Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_secret_does_not_follow_a_redirect_to_another_host() {
    let (trusted, _) = server("127.0.0.1").await;
    let (other, seen) = server("127.0.0.2").await;
    let probe = probe(
        &[
            &format!("GET http://{trusted}/*"),
            &format!("GET http://{other}/*"),
        ],
        &[LOOPBACK],
    )
    .await;
    let url = redirecting(trusted, &format!("http://{other}/"));
    let report = fetch(
        &probe,
        json!({"url": url, "headers": [["cookie", "mine=1"]]}),
    )
    .await;
    assert_eq!(page(&report)["status"], 200);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert!(
        !seen[0].1.contains_key("authorization") && !seen[0].1.contains_key("cookie"),
        "{:?}",
        seen[0].1
    );
}

#[tokio::test]
async fn a_response_that_is_too_large_is_cut_off() {
    let (address, _) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let report = fetch(&probe, json!({"url": format!("http://{address}/large")})).await;
    assert!(
        !matches!(report.outcome, Outcome::Result(_)),
        "{:?}",
        report.outcome.kind()
    );
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_an_error_of_the_tool() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    let report = fetch(&probe, json!({"url": format!("http://{address}/")})).await;
    let (shown, is_error) = report.outcome.for_model();
    assert!(
        is_error && matches!(report.outcome, Outcome::Error(_)),
        "{shown}"
    );
}

#[tokio::test]
async fn a_file_url_and_a_users_name_in_a_url_are_refused() {
    let (address, seen) = server("127.0.0.1").await;
    let probe = probe(&[&format!("GET http://{address}/*")], &[LOOPBACK]).await;
    for url in [
        "file:///etc/passwd".to_owned(),
        format!("http://ada:pass@{address}/"),
    ] {
        let report = fetch(&probe, json!({"url": url})).await;
        assert!(
            matches!(report.outcome, Outcome::Error(_) | Outcome::Denied(_)),
            "{url}: {:?}",
            report.outcome
        );
    }
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(
        text(
            &probe
                .call(call(&probe, "echo", json!({"text": "a"})))
                .await
                .unwrap()
        ),
        "a"
    );
}
