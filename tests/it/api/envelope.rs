//! Whatever is wrong with a request, the answer has one form.

use reqwest::Method;
use serde_json::json;
use skillgate_tests::app::TestApp;

#[tokio::test]
async fn unknown_paths_and_methods() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    admin
        .get("/v1/unicorns")
        .await
        .error(404, "route_not_found");
    app.anonymous().get("/").await.error(404, "route_not_found");
    let answer = admin.send(admin.request(Method::PUT, "/v1/agents")).await;
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    answer.error(405, "method_not_allowed");
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let post = |body: &str| {
        admin
            .request(Method::POST, "/v1/agents")
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    let message = admin
        .send(post(r#"{"name": "Ada""#))
        .await
        .error(400, "validation_error");
    assert!(message.contains("line 1 column"), "{message}");
    let message = admin
        .send(post(r#"{"name": 5}"#))
        .await
        .error(400, "validation_error");
    assert!(message.contains("name: invalid type"), "{message}");
    admin.send(post("")).await.error(400, "validation_error");
    admin
        .send(post(r#"{"name": "Ada\u0000"}"#))
        .await
        .error(400, "validation_error");
    let huge = format!(r#"{{"name": "{}"}}"#, "a".repeat(2 << 20));
    admin
        .send(post(&huge))
        .await
        .error(413, "payload_too_large");
    let form = admin
        .request(Method::POST, "/v1/agents")
        .header("content-type", "text/plain")
        .body("name=Ada");
    admin.send(form).await.error(415, "unsupported_media_type");
    admin
        .get("/v1/skills?page=first")
        .await
        .error(400, "validation_error");
}

#[tokio::test]
async fn unknown_things_are_named() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let nobody = "/v1/agents/00000000-0000-7000-8000-000000000000";
    let long = format!("/v1/agents/{}", "a".repeat(81));
    for path in [
        nobody,
        &long,
        "/v1/agents/x",
        "/v1/agents/%00",
        "/v1/agents/%F0%9F%A6%84",
    ] {
        admin.get(path).await.error(404, "agent_not_found");
    }
    admin
        .get("/v1/agents/%ff")
        .await
        .error(404, "route_not_found");
    admin
        .get("/v1/skills/nothing")
        .await
        .error(404, "skill_not_found");
    admin
        .get("/v1/runs/run_1")
        .await
        .error(404, "run_not_found");
    admin
        .delete("/v1/api-keys/1")
        .await
        .error(404, "api_key_not_found");
    admin
        .delete("/v1/publisher-keys/1")
        .await
        .error(404, "publisher_key_not_found");
    let agent = admin.agent().await;
    admin
        .delete(&format!("/v1/agents/{agent}/skills/nothing"))
        .await
        .error(404, "skill_not_found");
    let wish = json!({ "skillId": "nothing", "trustLevel": "verified" });
    admin
        .post(&format!("/v1/agents/{agent}/skills"), wish)
        .await
        .error(404, "skill_not_found");
}

#[tokio::test]
async fn every_answer_has_an_id() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let anonymous = app.anonymous();
    let fresh = anonymous.get("/healthz").await;
    assert!(fresh.header("x-request-id").starts_with("req_"));
    let named = |id: &str| {
        anonymous
            .request(Method::GET, "/nowhere")
            .header("x-request-id", id)
    };
    assert_eq!(
        anonymous
            .send(named("build-17.a_b"))
            .await
            .header("x-request-id"),
        "build-17.a_b"
    );
    for bad in ["", "a b", "<script>", &"a".repeat(129)] {
        assert!(
            anonymous
                .send(named(bad))
                .await
                .header("x-request-id")
                .starts_with("req_"),
            "{bad}"
        );
    }
}
