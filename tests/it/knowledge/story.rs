//! One story over HTTP, the same on SQLite and on PostgreSQL, with the shapes of the specification, field by field.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::postgres;

use super::{found, ingest, listed};

#[tokio::test]
async fn on_sqlite() {
    story(Setup::default()).await;
}

#[tokio::test]
async fn on_postgres() {
    let database = Some(postgres::database().await);
    story(Setup {
        database,
        ..Setup::default()
    })
    .await;
}

async fn story(setup: Setup) {
    let app = TestApp::start(setup).await;
    let client = app
        .client(&[
            "agents:write",
            "agents:read",
            "knowledge:read",
            "knowledge:write",
        ])
        .await;
    let agent = client.agent().await;
    entries_are_stored_and_listed(&client, &agent).await;
    entries_are_searched(&client, &agent).await;
    entries_are_deleted(&client, &agent).await;
    an_agents_knowledge_dies_with_it(&client, &agent).await;
    what_is_another_accounts_is_not_there(&app, &client).await;
}

async fn entries_are_stored_and_listed(client: &Client, agent: &str) {
    let list = format!("/v1/knowledge?agentId={agent}");
    let empty = client.get(&list).await;
    assert_eq!(
        (empty.status, empty.body),
        (
            200,
            json!({ "data": [], "pagination": { "nextOffset": null, "hasMore": false } })
        )
    );
    let body = json!({ "agentId": agent, "chunks": [
        {
            "text": "Agento is a managed hosting platform for AI agents.",
            "source": "docs/intro.md",
            "metadata": { "type": "article", "language": "en", "tags": ["a"] },
        },
        { "text": "Refunds are paid within 14 days.", "source": "docs/faq.md", "metadata": { "type": 7 } },
    ] });
    let stored = client
        .post("/v1/knowledge/ingest", body.clone())
        .await
        .data(200);
    assert_eq!(stored, json!({ "stored": 2, "skipped": 0, "total": 2 }));
    let again = client.post("/v1/knowledge/ingest", body).await.data(200);
    assert_eq!(again, json!({ "stored": 0, "skipped": 2, "total": 2 }));
    let twice = ["The office is in Lyon.", "The office is in Lyon."];
    let stored = ingest(client, agent, "docs/faq.md", &twice).await;
    assert_eq!(stored, json!({ "stored": 1, "skipped": 1, "total": 2 }));

    let all = client.get(&list).await.data(200);
    let first = all[0].as_object().unwrap();
    let fields: Vec<&str> = first.keys().map(String::as_str).collect();
    let mut expected = ["id", "text", "source", "type", "createdAt", "updatedAt"];
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!(
        first["text"],
        "Agento is a managed hosting platform for AI agents."
    );
    assert_eq!(
        (&first["source"], &first["type"]),
        (&json!("docs/intro.md"), &json!("article"))
    );
    assert_eq!(first["id"].as_str().unwrap().len(), 36);
    assert_eq!(first["createdAt"], first["updatedAt"]);
    assert!(first["createdAt"].as_str().unwrap().ends_with('Z'));
    assert!(all[1]["type"].is_null(), "a type that is no text is none");
    pages_follow_each_other(client, &list, &all).await;
    let of_source = client
        .get(&format!("{list}&source=docs/faq.md"))
        .await
        .data(200);
    assert_eq!(of_source, json!([all[1], all[2]]));
    assert_eq!(
        client.get(&format!("{list}&source=docs")).await.data(200),
        json!([])
    );
}

async fn pages_follow_each_other(client: &Client, list: &str, all: &Value) {
    let first = client.get(&format!("{list}&limit=2")).await;
    let next = first.body["pagination"]["nextOffset"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        first.body["pagination"],
        json!({ "nextOffset": all[2]["id"], "hasMore": true })
    );
    assert_eq!(first.data(200), json!([all[0], all[1]]));
    let second = client.get(&format!("{list}&limit=2&offset={next}")).await;
    assert_eq!(
        second.body,
        json!({ "data": [all[2]], "pagination": { "nextOffset": null, "hasMore": false } })
    );
}

async fn entries_are_searched(client: &Client, agent: &str) {
    assert_eq!(
        found(client, agent, "When are refunds paid?").await[0],
        "Refunds are paid within 14 days."
    );
    assert_eq!(
        found(client, agent, "offices in LYON").await[0],
        "The office is in Lyon."
    );
    ingest(
        client,
        agent,
        "intl.md",
        &[
            "Le café ouvre à neuf heures.",
            "東京の本社は渋谷にあります。",
        ],
    )
    .await;
    assert_eq!(
        found(client, agent, "cafe").await[0],
        "Le café ouvre à neuf heures."
    );
    assert_eq!(
        found(client, agent, "東京").await[0],
        "東京の本社は渋谷にあります。"
    );

    let body = json!({ "agentId": agent, "query": "The office is in Lyon.", "limit": 1 });
    let results = client.post("/v1/knowledge/search", body).await.data(200);
    let [one] = results.as_array().unwrap().as_slice() else {
        panic!("one result: {results}");
    };
    assert_eq!(
        (&one["source"], &one["score"]),
        (&json!("docs/faq.md"), &json!(1.0))
    );
    assert!(one["id"].is_string() && one["createdAt"].is_string() && one["type"].is_null());
}

async fn entries_are_deleted(client: &Client, agent: &str) {
    let knowledge = format!("/v1/knowledge?agentId={agent}");
    let entries = client.get(&knowledge).await.data(200);
    let id = entries[0]["id"].as_str().unwrap();
    let deleted = client.delete(&format!("{knowledge}&id={id}")).await;
    assert_eq!(
        (deleted.status, deleted.body),
        (200, json!({ "data": { "deleted": true } }))
    );
    client
        .delete(&format!("{knowledge}&id={id}"))
        .await
        .error(404, "knowledge_entry_not_found");
    assert!(
        !found(client, agent, "managed hosting platform")
            .await
            .contains(&entries[0]["text"].as_str().unwrap().to_owned())
    );
    // What is deleted is no duplicate of anything any more.
    let text = entries[0]["text"].as_str().unwrap();
    assert_eq!(
        ingest(client, agent, "again.md", &[text]).await["stored"],
        1
    );
    assert_eq!(
        found(client, agent, "managed hosting platform").await[0],
        text
    );

    client
        .delete(&format!("{knowledge}&source=docs/faq.md"))
        .await
        .data(200);
    client
        .delete(&format!("{knowledge}&source=docs/faq.md"))
        .await
        .data(200);
    assert_eq!(listed(client, agent).await.len(), 3);
    let refused = client
        .delete(&format!("{knowledge}&all=true"))
        .await
        .error(400, "validation_error");
    assert!(refused.contains("confirm=true"), "{refused}");
    assert_eq!(listed(client, agent).await.len(), 3);
    client
        .delete(&format!("{knowledge}&all=true&confirm=true"))
        .await
        .data(200);
    assert!(listed(client, agent).await.is_empty());
    assert!(found(client, agent, "cafe").await.is_empty());
}

async fn an_agents_knowledge_dies_with_it(client: &Client, agent: &str) {
    let other = client.agent().await;
    ingest(
        client,
        agent,
        "a.md",
        &["The password policy changed in May."],
    )
    .await;
    ingest(
        client,
        &other,
        "a.md",
        &["The password policy changed in June."],
    )
    .await;
    assert_eq!(
        found(client, &other, "password policy").await,
        ["The password policy changed in June."]
    );
    client
        .delete(&format!("/v1/agents/{agent}"))
        .await
        .data(200);
    client
        .get(&format!("/v1/knowledge?agentId={agent}"))
        .await
        .error(404, "agent_not_found");
    assert_eq!(
        found(client, &other, "password policy").await,
        ["The password policy changed in June."]
    );
}

async fn what_is_another_accounts_is_not_there(app: &TestApp, client: &Client) {
    let stranger = app.stranger(&["admin"]).await;
    let agent = client.agent().await;
    ingest(client, &agent, "a.md", &["The launch is on Tuesday."]).await;
    let id = client
        .get(&format!("/v1/knowledge?agentId={agent}"))
        .await
        .data(200)[0]["id"]
        .clone();
    let chunks = json!([{ "text": "Mine.", "source": "a" }]);
    for body in [
        json!({ "agentId": agent, "chunks": chunks, "query": "launch" }),
        json!({ "agentId": "none", "chunks": chunks, "query": "launch" }),
        json!({ "agentId": "../x", "chunks": chunks, "query": "launch" }),
    ] {
        stranger
            .post("/v1/knowledge/ingest", body.clone())
            .await
            .error(404, "agent_not_found");
        stranger
            .post("/v1/knowledge/search", body)
            .await
            .error(404, "agent_not_found");
    }
    let knowledge = format!("/v1/knowledge?agentId={agent}");
    stranger.get(&knowledge).await.error(404, "agent_not_found");
    stranger
        .delete(&format!("{knowledge}&all=true&confirm=true"))
        .await
        .error(404, "agent_not_found");
    let own = stranger.agent().await;
    let others_entry = format!("/v1/knowledge?agentId={own}&id={}", id.as_str().unwrap());
    stranger
        .delete(&others_entry)
        .await
        .error(404, "knowledge_entry_not_found");
    assert_eq!(listed(client, &agent).await, ["The launch is on Tuesday."]);
}
