//! What is not acceptable, and what only looks dangerous.

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_tests::app::{Setup, TestApp};
use skillgate_tests::postgres;

use super::{found, ingest};

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }))
}

#[tokio::test]
async fn each_bad_field_is_named() {
    let app = TestApp::start(Setup::default()).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    let chunk = |text: &str| json!({ "text": text, "source": "a.md" });
    let with = |metadata: Value| json!([{ "text": "a", "source": "b", "metadata": metadata }]);
    for (chunks, told) in [
        (json!([]), "chunks: must have 1 to 100"),
        (json!(vec![chunk("a"); 101]), "not 101"),
        (json!([chunk("a"), chunk("")]), "chunks[1].text"),
        (json!([chunk(" \n ")]), "chunks[0].text"),
        (json!([chunk(&"ä".repeat(4_001))]), "1 to 4000 characters"),
        (json!([{ "text": "a", "source": "" }]), "chunks[0].source"),
        (
            json!([{ "text": "a", "source": "b".repeat(2_001) }]),
            "chunks[0].source",
        ),
        (json!([{ "text": "a" }]), "source"),
        (with(json!("text")), "metadata"),
        (with(nested(9)), "nested more than 8"),
        (
            with(json!({ "a": "b".repeat(9_000) })),
            "at most 8192 bytes",
        ),
        // A few bytes that would take a hundred times as many as values.
        (
            with(json!({ "a": vec![json!({ "b": 0 }); 100_000] })),
            "at most 8192 bytes",
        ),
        (with(json!([])), "chunks[0].metadata: must be an object"),
        (json!("text"), "chunks"),
    ] {
        let body = json!({ "agentId": agent, "chunks": chunks });
        let refused = client.post("/v1/knowledge/ingest", body).await;
        let refused = refused.error(400, "validation_error");
        assert!(refused.contains(told), "{told}: {refused}");
    }
    let longest =
        json!([{ "text": "ä".repeat(4_000), "source": "b".repeat(2_000), "metadata": nested(8) }]);
    let body = json!({ "agentId": agent, "chunks": longest });
    client.post("/v1/knowledge/ingest", body).await.data(200);
    for metadata in [
        "null".to_owned(),
        format!("{{{}}}", " ".repeat(10_000)),
        format!(r#"{{"type":"{}"}}"#, r"\u00e4".repeat(4_000)),
    ] {
        let text = metadata.len();
        let body = format!(
            r#"{{"agentId":"{agent}","chunks":[{{"text":"{text}","source":"b","metadata":{metadata}}}]}}"#
        );
        let request = client.request(Method::POST, "/v1/knowledge/ingest");
        let request = request.header("content-type", "application/json");
        client.send(request.body(body)).await.data(200);
    }
}

#[tokio::test]
async fn exactly_one_owner_and_one_selection_are_named() {
    let app = TestApp::start(Setup::default()).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    let none_or_both = [
        json!({}),
        json!({ "agentId": agent, "swarmId": agent }),
        json!({ "agentId": null }),
    ];
    for mut body in none_or_both {
        body["chunks"] = json!([{ "text": "a", "source": "b" }]);
        body["query"] = json!("a");
        for path in ["/v1/knowledge/ingest", "/v1/knowledge/search"] {
            let refused = client
                .post(path, body.clone())
                .await
                .error(400, "validation_error");
            assert_eq!(refused, "Give exactly one of swarmId and agentId.");
        }
    }
    for query in [String::new(), format!("agentId={agent}&swarmId={agent}")] {
        client
            .get(&format!("/v1/knowledge?{query}"))
            .await
            .error(400, "validation_error");
        client
            .delete(&format!("/v1/knowledge?{query}&source=a"))
            .await
            .error(400, "validation_error");
    }
    for (query, told) in [
        ("", "exactly one of source, id and all=true"),
        ("&all=false", "exactly one of"),
        ("&source=a&id=b", "exactly one of"),
        ("&source=a&all=true&confirm=true", "exactly one of"),
        ("&all=yes", "all: must be `true` or `false`"),
        ("&all=true&confirm=1", "confirm: must be"),
        ("&all=true&confirm=false", "confirm=true"),
    ] {
        let refused = client
            .delete(&format!("/v1/knowledge?agentId={agent}{query}"))
            .await;
        let refused = refused.error(400, "validation_error");
        assert!(refused.contains(told), "{query}: {refused}");
    }
    for (query, told) in [
        ("limit=0", "limit: must be 1 to 100"),
        ("limit=101", "limit: must be 1 to 100"),
        ("limit=many", "limit"),
        ("offset=a%20b", "offset: must be `nextOffset`"),
    ] {
        let refused = client
            .get(&format!("/v1/knowledge?agentId={agent}&{query}"))
            .await;
        let refused = refused.error(400, "validation_error");
        assert!(refused.contains(told), "{query}: {refused}");
    }
    client
        .get(&format!("/v1/knowledge?swarmId={agent}"))
        .await
        .error(404, "swarm_not_found");
}

#[tokio::test]
async fn on_sqlite_no_query_is_syntax() {
    no_query_is_syntax(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres_no_query_is_syntax() {
    let database = Some(postgres::database().await);
    no_query_is_syntax(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn no_query_is_syntax(setup: Setup) {
    let app = TestApp::start(setup).await;
    let client = app.admin().await;
    let agent = client.agent().await;
    let text = "Select the row where name = 'Robert'; DROP TABLE students;";
    ingest(&client, &agent, "a.sql", &[text]).await;
    for query in [
        "\"",
        "\"robert",
        "'",
        "robert*",
        "^robert",
        "NEAR(robert students)",
        "name:robert",
        "- robert",
        "robert AND",
        "OR",
        "NOT",
        "(robert",
        ")",
        "{terms} : robert",
        "robert & !",
        "robert <-> students",
        "a | ",
        "robert:*A",
        "'; DROP TABLE knowledge_text; --",
        "\\",
        "%",
        "_",
        "\u{1}",
        "\u{202e}robert",
        "\u{1f600}",
        "\u{ffff}",
        &"(".repeat(4_000),
        &"robert ".repeat(571),
        &"𐀀".repeat(4_000),
    ] {
        let found = found(&client, &agent, query).await;
        if query.contains("robert") {
            assert_eq!(found, [text], "{query}");
        }
    }
    let search = async |query: &str, limit: usize| {
        let body = json!({ "agentId": agent, "query": query, "limit": limit });
        client.post("/v1/knowledge/search", body).await
    };
    for (query, limit, told) in [
        ("", 10, "query: must have 1 to 4000"),
        ("  ", 10, "query: must have"),
        (&"a".repeat(4_001), 10, "query: must have"),
        (&"a".repeat(1_000_000), 10, "query: must have"),
        ("a\0b", 10, "U+0000"),
        ("a", 0, "limit: must be 1 to 50"),
        ("a", 51, "limit: must be 1 to 50"),
    ] {
        let refused = search(query, limit).await.error(400, "validation_error");
        assert!(refused.contains(told), "{told}: {refused}");
    }
    search(&"a".repeat(2 << 20), 10)
        .await
        .error(413, "payload_too_large");
    for body in [
        format!(r#"{{"agentId":"{agent}","query":"\ud800"}}"#),
        format!(r#"{{"agentId":"{agent}","query":"\udc00 robert"}}"#),
        format!(r#"{{"agentId":"{agent}","query":"robert","limit":-1}}"#),
        format!(r#"{{"agentId":"{agent}","query":["robert"]}}"#),
        // What nobody reads must not hide it from those who look for it.
        format!(
            r#"{{"agentId":"{agent}","query":"robert\u0000","other":{}{}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        ),
        format!(r#"{{"agentId":"{agent}","query":"robert\u0000","other":"\ud800"}}"#),
    ] {
        let request = client.request(reqwest::Method::POST, "/v1/knowledge/search");
        let request = request
            .header("content-type", "application/json")
            .body(body);
        client.send(request).await.error(400, "validation_error");
    }
}
