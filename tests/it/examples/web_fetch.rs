//! `web-fetch`: only where its rules lead.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse};
use serde_json::{Value, json};
use skillgate_runtime::{Call, EgressPolicy, Outcome, Runtime, RuntimeConfig, Skill};
use tokio::net::TcpListener;

use super::given::{OneSecret, changed, config, granted, package, runtime, text};

/// A site on this machine, and how many requests it has had.
struct Site {
    address: SocketAddr,
    requests: Arc<AtomicU32>,
}

impl Site {
    /// Its page shows the `Authorization` header that came.
    async fn start() -> Self {
        let requests = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&requests);
        let page = move |headers: HeaderMap| async move {
            counted.fetch_add(1, Ordering::SeqCst);
            let authorization = headers.get(header::AUTHORIZATION);
            let shown = authorization
                .and_then(|value| value.to_str().ok())
                .unwrap_or("nothing");
            Html(format!(
                "<title>A &amp; B</title><h1>Site</h1><p>sent: {shown}"
            ))
            .into_response()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = axum::Router::new().fallback(page);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/page", self.address)
    }
}

async fn fetch(skill: &Skill, url: &str) -> Outcome {
    let call = granted(skill, "fetch", &json!({ "url": url }));
    skill.call(call).await.unwrap().outcome
}

#[track_caller]
fn denial(outcome: Outcome) -> String {
    match outcome {
        Outcome::Denied(denial) => denial.to_string(),
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn a_site_outside_the_rules_is_denied_and_not_reached() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("web-fetch"))
        .await
        .unwrap();
    let site = Site::start().await;
    let message = denial(fetch(&skill, &site.url()).await);
    assert!(message.contains(&site.address.to_string()), "{message}");
    assert!(message.contains("http:"), "{message}");
    assert_eq!(site.requests.load(Ordering::SeqCst), 0);
    for url in [
        "https://evil.example/",
        "http://example.com/",
        "https://docs.rs.evil.example/",
    ] {
        denial(fetch(&skill, url).await);
    }
}

#[tokio::test]
async fn what_is_asked_for_but_not_granted_is_denied() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("web-fetch"))
        .await
        .unwrap();
    let call = Call::new(
        "fetch",
        json!({ "url": "https://example.com/" }).to_string(),
    );
    let message = denial(skill.call(call).await.unwrap().outcome);
    assert!(message.contains("https://example.com/"), "{message}");
}

#[tokio::test]
async fn a_private_address_is_blocked_even_inside_the_rules() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::start().await;
    let skill = runtime(folder.path()).load(&for_site(&site)).await.unwrap();
    let message = denial(fetch(&skill, &site.url()).await);
    assert!(message.contains("loopback"), "{message}");
    assert_eq!(site.requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_allowed_page_comes_as_text_with_the_secret_put_in() {
    let site = Site::start().await;
    let skill = open_runtime().load(&for_site(&site)).await.unwrap();
    let page = fetch(&skill, &site.url()).await;
    assert_eq!(text(&page), "A & B\n\n# Site\n\nsent: nothing");
    let arguments: Value = json!({ "url": site.url() });
    let call = Call {
        secrets: Arc::new(OneSecret("s3cret-value")),
        ..granted(&skill, "fetch", &arguments)
    };
    let report = skill.call(call).await.unwrap();
    assert_eq!(
        text(&report.outcome),
        "A & B\n\n# Site\n\nsent: Bearer s3cret-value"
    );
    assert!(!format!("{:?}", report.receipt).contains("s3cret-value"));
}

/// The skill, made to ask for this site in place of example.com and the GitHub API.
fn for_site(site: &Site) -> skillgate_skill::Package {
    let rule = format!("GET http://{}/*", site.address);
    let package = changed(&package("web-fetch"), "GET https://example.com/*", &rule);
    changed(&package, "host: api.github.com", "host: 127.0.0.1")
}

/// A runtime whose operator allows this machine's own addresses.
fn open_runtime() -> Runtime {
    let egress = EgressPolicy {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        ..EgressPolicy::default()
    };
    Runtime::new(RuntimeConfig { egress, ..config() }).unwrap()
}
