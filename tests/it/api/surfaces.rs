//! Each surface refuses in its own envelope, whatever refuses.

use reqwest::Method;
use serde_json::json;
use skillgate_tests::app::{Answer, Client, Setup, TestApp};

const AUTHORING: [&str; 5] = [
    "/skills/nowhere/at/all",
    "/admin",
    "/admin/unicorns",
    "/marketplace",
    "/marketplace/unicorns",
];

#[tokio::test]
async fn unknown_paths_are_refused_by_the_surface_that_they_are_below() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    for client in [app.admin().await, app.anonymous()] {
        let message = client.get("/api/skills/a/b/c").await.tenant_error(404);
        assert_eq!(message, "Nothing is served at `/api/skills/a/b/c`.");
        for path in AUTHORING {
            let message = client
                .get(path)
                .await
                .authoring_error(404, "route_not_found");
            assert_eq!(message, format!("Nothing is served at `{path}`."));
        }
        for path in ["/", "/v1/unicorns", "/api", "/api/skillsets", "/skillset"] {
            client.get(path).await.error(404, "route_not_found");
        }
    }
}

#[tokio::test]
async fn the_tenant_surface_refuses_in_its_envelope() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let message = app.anonymous().get("/api/skills").await.tenant_error(401);
    assert_eq!(message, "Invalid or missing API key");
    let chatter = app.client(&["chat"]).await;
    let message = chatter.get("/api/skills").await.tenant_error(403);
    assert!(message.contains("`skills:read`"), "{message}");
    let reader = app.client(&["skills:read"]).await;
    let message = reader
        .post("/api/skills/x/assign", json!({}))
        .await
        .tenant_error(403);
    assert!(message.contains("`skills:write`"), "{message}");

    let admin = app.admin().await;
    let wrong_method = admin.send(admin.request(Method::PUT, "/api/skills")).await;
    assert_eq!(wrong_method.header("allow"), "GET,HEAD");
    wrong_method.tenant_error(405);
    let head = admin.send(admin.request(Method::HEAD, "/api/skills/nothing"));
    let head = head.await;
    assert_eq!((head.status, head.body.is_null()), (404, true));
}

#[tokio::test]
async fn the_tenant_surface_refuses_bodies_in_its_envelope() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let post = async |body: String| -> Answer {
        let request = admin
            .request(Method::POST, "/api/skills/echo/assign")
            .header("content-type", "application/json");
        admin.send(request.body(body)).await
    };
    post("{\"agentId\": ".to_owned()).await.tenant_error(400);
    post(r#"{"agentId": "a", "agentId": "b"}"#.to_owned())
        .await
        .tenant_error(400);
    let message = post(r#"{"priority": 1}"#.to_owned())
        .await
        .tenant_error(422);
    assert!(message.contains("agentId"), "{message}");
    let message = post(r#"{"agentId": "a", "priority": "high"}"#.to_owned())
        .await
        .tenant_error(422);
    assert!(message.contains("priority"), "{message}");
    post(format!("{{\"agentId\": \"{}\"}}", "a".repeat(2 << 20)))
        .await
        .tenant_error(413);
    let request = admin.request(Method::POST, "/api/skills/echo/assign");
    admin
        .send(request.header("content-type", "text/plain").body("a"))
        .await
        .tenant_error(415);
    admin.get("/api/skills?limit=many").await.tenant_error(400);
}

#[tokio::test]
async fn the_rate_limit_refuses_in_each_envelope() {
    let setup = Setup {
        rate_limit: 1,
        ..Setup::default()
    };
    let app = TestApp::start(setup).await;
    let spent = async || -> Client {
        let client = app.admin().await;
        client.get("/v1/account").await.data(200);
        client
    };
    let refused = spent().await.get("/api/skills").await;
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    refused.tenant_error(429);
    for path in AUTHORING {
        let refused = spent().await.get(path).await;
        assert!(refused.header("x-request-id").starts_with("req_"));
        refused.authoring_error(429, "rate_limit_exceeded");
    }
    let refused = spent().await.get("/v1/agents").await;
    refused.error(429, "rate_limit_exceeded");
}
