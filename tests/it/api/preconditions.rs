//! Conditional requests: `ETag`, `If-None-Match`, `If-Match`.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_server::operations;
use skillgate_tests::app::{Answer, Client, Setup, TestApp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn conditional(
    client: &Client,
    (method, path): (Method, &str),
    (name, value): (&str, &str),
    body: Option<Value>,
) -> Answer {
    let mut request = client.request(method, path).header(name, value);
    if let Some(body) = body {
        request = request.json(&body);
    }
    client.send(request).await
}

fn instructions(text: &str) -> Value {
    json!({ "skillMd": format!("---\nname: notes\ndescription: Notes.\n---\n{text}\n") })
}

#[test]
fn a_write_that_takes_a_tag_has_a_read_that_gives_it() {
    let all = operations();
    for write in all.iter().filter(|one| one.takes_if_match) {
        let read = all
            .iter()
            .find(|one| one.path == write.path && one.method == Method::GET);
        assert!(read.is_some_and(|read| read.has_etag), "{write:?}");
        assert!(!write.method.is_safe(), "{write:?}");
    }
    assert!(
        all.iter()
            .filter(|one| one.has_etag)
            .all(|one| one.method == Method::GET)
    );
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}", admin.agent().await);
    let answer = admin.get(&path).await;
    let tag = answer.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    assert_eq!(admin.get(&path).await.header("etag"), tag);
    for (value, status) in [
        (tag.clone(), 304),
        (format!("\"x\", W/{tag}"), 304),
        ("*".to_owned(), 304),
        ("\"x\"".to_owned(), 200),
        ("x".to_owned(), 200),
    ] {
        let read = (Method::GET, path.as_str());
        let answer = conditional(&admin, read, ("if-none-match", &value), None).await;
        assert_eq!(answer.status, status, "{value}");
        assert_eq!(answer.header("etag"), tag);
        assert_eq!(answer.body.is_null(), status == 304);
        assert!(answer.headers.contains_key("x-ratelimit-remaining"));
    }
    admin
        .post(&format!("{path}/stop"), json!({}))
        .await
        .data(200);
    let read = (Method::GET, path.as_str());
    let changed = conditional(&admin, read, ("if-none-match", &tag), None).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn a_write_to_what_was_changed_meanwhile_is_refused() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}", admin.agent().await);
    let old = admin.get(&path).await.header("etag").to_owned();
    admin
        .post(&format!("{path}/stop"), json!({}))
        .await
        .data(200);
    let delete = async |value: &str| {
        conditional(&admin, (Method::DELETE, &path), ("if-match", value), None).await
    };
    for wrong in [old.as_str(), "\"x\"", "x", ""] {
        let message = delete(wrong).await.error(412, "precondition_failed");
        assert!(message.contains("Read it again"), "{message}");
    }
    let tag = admin.get(&path).await.header("etag").to_owned();
    delete(&format!("W/{tag}"))
        .await
        .error(412, "precondition_failed");
    delete(&format!("\"x\", {tag}")).await.data(200);
    delete("*").await.error(404, "agent_not_found");
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_not_made_again() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let path = format!("/v1/agents/{}/rules/tone", admin.agent().await);
    let rule = || Some(json!({ "content": "Be kind." }));
    let put = admin.request(Method::PUT, &path).json(&rule());
    assert!(admin.send(put).await.status < 300);
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.delete(&path).await.data(200);
    let put = conditional(&admin, (Method::PUT, &path), ("if-match", &tag), rule()).await;
    assert_eq!(put.status, 404, "{}", put.body);
    assert_eq!(admin.get(&path).await.status, 404);
}

#[tokio::test]
async fn of_many_who_saw_the_same_one_writes() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    admin.post("/v1/skills", instructions("0")).await.data(201);
    let path = "/v1/skills/notes";
    let tag = admin.get(path).await.header("etag").to_owned();
    let writes = (1..=8).map(|number| {
        let body = Some(instructions(&number.to_string()));
        conditional(&admin, (Method::PUT, path), ("if-match", &tag), body)
    });
    let mut statuses: Vec<u16> = futures::future::join_all(writes)
        .await
        .iter()
        .map(|answer| answer.status)
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    // The caller's scope and account are looked at first.
    let reader = app.client(&["skills:read"]).await;
    let refused = conditional(&reader, (Method::DELETE, path), ("if-match", "*"), None).await;
    refused.error(403, "forbidden");
    let stranger = app.stranger(&["admin"]).await;
    let refused = conditional(&stranger, (Method::DELETE, path), ("if-match", &tag), None).await;
    refused.error(404, "skill_not_found");
}

#[tokio::test]
async fn a_thing_is_one_by_all_of_its_names() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    let made = admin.post("/v1/skills", instructions("0")).await.data(201);
    let by_id = format!("/v1/skills/{}", made["uuid"].as_str().unwrap());
    let names = [
        "/v1/skills/notes".to_owned(),
        by_id,
        "/v1/skills/%6eotes".to_owned(),
        "/v1/skills/notes?x=1".to_owned(),
    ];
    let tag = admin.get(&names[0]).await.header("etag").to_owned();
    let writes = (0..8).map(|number| {
        let body = Some(instructions(&format!("by {number}")));
        let path = names[number % names.len()].as_str();
        conditional(&admin, (Method::PUT, path), ("if-match", &tag), body)
    });
    let answers = futures::future::join_all(writes).await;
    let won = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1, "{answers:?}");
}

/// Sends the head of a write and half of its body; gives the connection and the other half.
async fn half_a_write<'b>(
    app: &TestApp,
    client: &Client,
    (path, tag): (&str, &str),
    body: &'b str,
) -> (TcpStream, &'b str) {
    let (first, second) = body.split_at(body.len() / 2);
    let method = if path.contains("/skills/") {
        "PUT"
    } else {
        "PATCH"
    };
    let key = client.key.as_deref().unwrap();
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {key}\r\nif-match: {tag}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
        body.len(),
    );
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    (stream, second)
}

#[tokio::test]
async fn nobody_waits_for_the_body_of_another() {
    let app = TestApp::start(Setup::default()).await;
    let admin = app.admin().await;
    admin.post("/v1/skills", instructions("0")).await.data(201);
    let agent = format!("/v1/agents/{}", admin.agent().await);
    for (path, method, slow, quick) in [
        (
            agent.as_str(),
            Method::PATCH,
            json!({ "name": "Slow" }),
            json!({ "name": "Quick" }),
        ),
        (
            "/v1/skills/notes",
            Method::PUT,
            instructions("slow"),
            instructions("quick"),
        ),
    ] {
        let tag = admin.get(path).await.header("etag").to_owned();
        let slow = slow.to_string();
        let (mut stream, rest) = half_a_write(&app, &admin, (path, &tag), &slow).await;
        let write = (method, path);
        let answer = conditional(&admin, write, ("if-match", &tag), Some(quick)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        // It may have been refused already.
        let _ = stream.write_all(rest.as_bytes()).await;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 412 "), "{answer}");
    }
}
