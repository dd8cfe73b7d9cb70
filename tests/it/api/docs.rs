//! `/docs`: a page that needs no other server and runs nothing but its own files.

use skillgate_tests::app::TestApp;

#[tokio::test]
async fn the_page_loads_its_own_files_alone() {
    let app = TestApp::with_script(serde_json::json!({ "turns": [] })).await;
    let anonymous = app.anonymous();
    let page = anonymous
        .request(reqwest::Method::GET, "/docs")
        .send()
        .await;
    let page = page.unwrap();
    assert_eq!(page.status(), 200);
    let headers = page.headers().clone();
    let policy = headers["content-security-policy"].to_str().unwrap();
    for rule in [
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
    ] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(headers["x-content-type-options"], "nosniff");

    let html = page.text().await.unwrap();
    let mut files = 0;
    for attribute in ["src=\"", "href=\"/docs"] {
        for (position, _) in html.match_indices(attribute) {
            let from = html[position..].split_once('"').unwrap().1;
            let path = from.split_once('"').unwrap().0;
            let file = anonymous.request(reqwest::Method::GET, path).send().await;
            let file = file.unwrap();
            assert_eq!(file.status(), 200, "{path}");
            let kind = file.headers()["content-type"].to_str().unwrap().to_owned();
            let is_script = path.ends_with(".js");
            assert_eq!(kind.starts_with("text/javascript"), is_script, "{path}");
            assert!(!file.bytes().await.unwrap().is_empty(), "{path}");
            files += 1;
        }
    }
    assert_eq!(files, 3);
    assert!(!html.contains("://"), "another server is named:\n{html}");
    assert!(!html.contains("<script>"), "an inline script:\n{html}");
}

#[tokio::test]
async fn files_that_the_page_has_not_are_not_there() {
    let app = TestApp::with_script(serde_json::json!({ "turns": [] })).await;
    for path in ["/docs/index.html", "/docs/..%2fCargo.toml", "/docs/%00"] {
        app.anonymous().get(path).await.error(404, "file_not_found");
    }
}
