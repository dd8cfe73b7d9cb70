//! Who may do what.

use serde_json::json;
use skillgate_tests::app::{Client, TestApp};

#[tokio::test]
async fn a_key_is_needed_and_either_header_carries_it() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    app.anonymous()
        .get("/v1/agents")
        .await
        .error(401, "unauthorized");
    let wrong = Client::new(&app.url, Some("ak_live_00000000000000000000000000000000"));
    wrong.get("/v1/agents").await.error(401, "unauthorized");
    let nonsense = Client::new(&app.url, Some("' OR 1=1"));
    nonsense.get("/v1/agents").await.error(401, "unauthorized");

    let admin = app.admin().await;
    let bearer = app
        .anonymous()
        .request(reqwest::Method::GET, "/v1/agents")
        .bearer_auth(admin.key.as_ref().unwrap());
    admin.send(bearer).await.data(200);
    admin.get("/v1/agents").await.data(200);
}

#[tokio::test]
async fn a_caller_is_told_how_it_stands_even_when_its_key_cannot_be_looked_up() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    // It serves, so that it does not start on a closed store.
    assert_eq!(app.anonymous().get("/healthz").await.status, 200);
    app.store.close().await;
    let answer = admin.get("/v1/agents").await;
    assert!(answer.status >= 500, "{}", answer.status);
    assert_eq!(answer.headers["x-ratelimit-limit"], "10000");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let agent = app.admin().await.agent().await;
    let reader = app.client(&["agents:read", "skills:read"]).await;
    reader.get(&format!("/v1/agents/{agent}")).await.data(200);
    reader.get("/v1/skills").await.data(200);
    reader.get("/v1/account").await.data(200);
    let chat = format!("/v1/agents/{agent}/chat/messages");
    for (method, path, scope) in [
        ("POST", "/v1/agents".to_owned(), "agents:write"),
        ("DELETE", format!("/v1/agents/{agent}"), "agents:write"),
        (
            "PATCH",
            format!("/v1/agents/{agent}/secrets"),
            "agents:write",
        ),
        ("GET", chat.clone(), "chat"),
        ("POST", chat, "chat"),
        ("GET", format!("/v1/agents/{agent}/logs"), "logs"),
        ("GET", "/v1/runs/run_1".to_owned(), "chat"),
        ("GET", "/v1/runs/run_1/receipts".to_owned(), "logs"),
        ("POST", "/v1/skills".to_owned(), "skills:write"),
        ("POST", format!("/v1/agents/{agent}/skills"), "skills:write"),
        ("POST", "/v1/publisher-keys".to_owned(), "skills:write"),
        (
            "POST",
            "/v1/publisher-keys/challenge".to_owned(),
            "skills:write",
        ),
        ("GET", "/v1/api-keys".to_owned(), "admin"),
    ] {
        let request = reader
            .request(method.parse().unwrap(), &path)
            .json(&json!({}));
        let message = reader.send(request).await.error(403, "forbidden");
        assert!(
            message.contains(&format!("`{scope}`")),
            "{method} {path}: {message}"
        );
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let wish = json!({ "label": "ci", "scopes": ["agents:read"], "rateLimit": 7 });
    let made = admin.post("/v1/api-keys", wish).await.data(201);
    let client = Client::new(&app.url, made["key"].as_str());
    let answer = client.get("/v1/agents").await;
    assert_eq!(answer.header("x-ratelimit-limit"), "7");
    answer.data(200);

    let listed = admin.get("/v1/api-keys").await.body;
    let text = listed.to_string();
    assert!(
        !text.contains(made["key"].as_str().unwrap()),
        "a key is shown once: {text}"
    );

    let path = format!("/v1/api-keys/{}", made["id"].as_str().unwrap());
    app.stranger(&["admin"])
        .await
        .delete(&path)
        .await
        .error(404, "api_key_not_found");
    client.get("/v1/agents").await.data(200);
    admin.delete(&path).await.data(200);
    client.get("/v1/agents").await.error(401, "unauthorized");
}

#[tokio::test]
async fn what_a_key_is_made_of_is_checked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    for (wish, named) in [
        (json!({ "label": "x", "scopes": [] }), "scopes"),
        (
            json!({ "label": "x", "scopes": ["everything"] }),
            "everything",
        ),
        (json!({ "label": "", "scopes": ["chat"] }), "label"),
        (
            json!({ "label": "x", "scopes": ["chat"], "expiresAt": "2001-01-01T00:00:00Z" }),
            "expiresAt",
        ),
        (
            json!({ "label": "x", "scopes": ["chat"], "expiresAt": "soon" }),
            "expiresAt",
        ),
        (
            json!({ "label": "x", "scopes": ["chat"], "rateLimit": -1 }),
            "rateLimit",
        ),
    ] {
        let message = admin
            .post("/v1/api-keys", wish.clone())
            .await
            .error(400, "validation_error");
        assert!(message.contains(named), "{wish}: {message}");
    }
}

#[tokio::test]
async fn another_accounts_things_are_not_there() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let agent = app.admin().await.agent().await;
    let stranger = app.stranger(&["admin"]).await;
    for (method, path) in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/start"),
        ("POST", "/stop"),
        ("GET", "/chat/messages"),
        ("GET", "/chat/sessions"),
        ("POST", "/chat/sessions"),
        ("GET", "/logs"),
        ("GET", "/logs/stream"),
        ("GET", "/skills"),
    ] {
        let request = stranger.request(
            method.parse().unwrap(),
            &format!("/v1/agents/{agent}{path}"),
        );
        stranger.send(request).await.error(404, "agent_not_found");
    }
    let chat = json!({ "message": "hello" });
    stranger
        .post(&format!("/v1/agents/{agent}/chat/messages"), chat)
        .await
        .error(404, "agent_not_found");
    assert_eq!(stranger.get("/v1/agents").await.body["data"], json!([]));
}
