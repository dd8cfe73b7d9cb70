//! Talking with agents: what is refused, whose session it is, and that a run does not hang on a connection.

use serde_json::{Value, json};
use skillgate_tests::app::{Client, Setup, TestApp};
use skillgate_tests::skills;
use skillgate_tests::sse::Events;

fn text(text: &str) -> Value {
    json!({ "parts": [{ "type": "text", "text": text }] })
}

fn call(tool: &str, arguments: Value) -> Value {
    json!({ "parts": [{ "type": "tool_call", "name": tool, "arguments": arguments }] })
}

async fn history(client: &Client, agent: &str, query: &str) -> Vec<String> {
    let answer = client
        .get(&format!("/v1/agents/{agent}/chat/messages{query}"))
        .await;
    let said = answer.body["data"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.body));
    said.iter()
        .map(|one| {
            format!(
                "{}: {}",
                one["role"].as_str().unwrap(),
                one["content"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn what_is_said_is_checked() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let path = format!("/v1/agents/{agent}/chat/messages");
    for (body, named) in [
        (json!({}), "message"),
        (json!({ "message": " " }), "message"),
        (json!({ "message": ["hello"] }), "message"),
        (json!({ "message": "a".repeat(100_001) }), "message"),
        (
            json!({ "message": "hello", "context": "é".repeat(2_001) }),
            "context",
        ),
        (
            json!({ "message": "hello", "context": { "name": "a".repeat(2_000) } }),
            "context",
        ),
        (json!({ "message": "hello", "context": 5 }), "context"),
        (json!({ "message": "hello", "peerId": "" }), "peerId"),
    ] {
        let message = admin.post(&path, body).await.error(400, "validation_error");
        assert!(message.contains(named), "{named}: {message}");
    }
    let elsewhere = json!({ "message": "hello", "sessionId": "sess_none" });
    admin
        .post(&path, elsewhere)
        .await
        .error(404, "session_not_found");
    admin
        .get(&format!("{path}?sessionId=sess_none"))
        .await
        .error(404, "session_not_found");
    admin
        .get(&format!("{path}?limit=201"))
        .await
        .error(400, "validation_error");
    admin
        .get(&format!("{path}?since=yesterday"))
        .await
        .error(400, "validation_error");
    assert_eq!(
        history(&admin, &agent, "").await,
        Vec::<String>::new(),
        "nothing of it was kept"
    );
}

#[tokio::test]
async fn peers_never_meet() {
    let app = TestApp::with_script(json!({ "turns": [text("hello")], "repeat": true })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    for (peer, said) in [("alice", "I am Alice"), ("bob", "I am Bob")] {
        let body = json!({ "message": said, "peerId": peer, "context": { "plan": "Pro" } });
        Events::of(admin.say(&agent, body).await)
            .until("done")
            .await;
    }
    let asked = app.script.requests();
    assert_eq!(
        asked[1].messages.len(),
        1,
        "Bob's conversation begins with Bob"
    );
    assert!(asked[1].system.contains("plan: Pro"), "{}", asked[1].system);

    let sessions = admin
        .get(&format!("/v1/agents/{agent}/chat/sessions"))
        .await
        .body;
    assert_eq!(
        sessions["pagination"],
        json!({ "total": 2, "limit": 100, "offset": 0 })
    );
    let (bobs, alices) = (&sessions["data"][0], &sessions["data"][1]);
    assert_eq!(
        (&bobs["channel"], &bobs["name"]),
        (&json!("api"), &Value::Null)
    );
    let alices = alices["id"].as_str().unwrap();
    let stolen = json!({ "message": "hi", "peerId": "bob", "sessionId": alices });
    admin
        .post(&format!("/v1/agents/{agent}/chat/messages"), stolen)
        .await
        .error(404, "session_not_found");
    let only = history(&admin, &agent, &format!("?sessionId={alices}")).await;
    assert_eq!(only, ["user: I am Alice", "assistant: hello"]);
    assert_eq!(history(&admin, &agent, "").await.len(), 4);
}

#[tokio::test]
async fn a_new_session_starts_afresh() {
    let app = TestApp::with_script(json!({ "turns": [text("hello")], "repeat": true })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    admin.chat(&agent, "one").await.until("done").await;
    admin.chat(&agent, "two").await.until("done").await;
    let path = format!("/v1/agents/{agent}/chat/sessions");
    let opened = admin
        .send(admin.request(reqwest::Method::POST, &path))
        .await
        .data(201);
    assert!(opened["id"].as_str().unwrap().starts_with("sess_") && opened["startedAt"].is_string());
    admin.chat(&agent, "three").await.until("done").await;
    let lengths: Vec<usize> = app
        .script
        .requests()
        .iter()
        .map(|asked| asked.messages.len())
        .collect();
    assert_eq!(lengths, [1, 3, 1]);
    let first = admin.get(&format!("{path}?")).await.body["data"][1]["id"].clone();
    let back = json!({ "message": "four", "sessionId": first });
    Events::of(admin.say(&agent, back).await)
        .until("done")
        .await;
    assert_eq!(app.script.requests()[3].messages.len(), 5);
}

#[tokio::test]
async fn who_hangs_up_finds_the_answer_in_the_history() {
    let script =
        json!({ "turns": [call("echo__count_slow", json!({ "ms": 300 })), text("done counting")] });
    let app = TestApp::with_script(script).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;
    let logs = admin
        .request(
            reqwest::Method::GET,
            &format!("/v1/agents/{agent}/logs/stream?tail=0"),
        )
        .send()
        .await;
    let mut logs = Events::of(logs.unwrap());

    let mut events = admin.chat(&agent, "count").await;
    events.until("tool_call").await;
    drop(events);
    while !logs.next().await.unwrap().data.contains(" ended: ") {}
    assert_eq!(
        history(&admin, &agent, "").await,
        ["user: count", "assistant: done counting"]
    );
}

#[tokio::test]
async fn messages_of_one_session_wait_for_each_other() {
    let turn = json!({ "parts": [{ "type": "wait", "milliseconds": 100 }, { "type": "text", "text": "ok" }] });
    let app = TestApp::with_script(json!({ "turns": [turn], "repeat": true })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let say = async |number: usize| {
        Events::of(
            admin
                .say(&agent, json!({ "message": number.to_string() }))
                .await,
        )
        .all()
        .await
    };
    futures::future::join_all((0..3).map(say)).await;
    assert_eq!(history(&admin, &agent, "").await.len(), 6);
    let asked = app.script.requests();
    let told = asked.iter().map(|asked| asked.messages.len());
    assert_eq!(told.collect::<Vec<_>>(), [1, 3, 5], "one after the other");
}

#[tokio::test]
async fn a_failing_model_ends_the_stream_with_an_error() {
    let script =
        json!({ "turns": [{ "error": { "code": "provider_unauthorized" } }, text("better")] });
    let app = TestApp::with_script(script).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let events = admin.chat(&agent, "hello").await.all().await;
    let last = events.last().unwrap().json();
    assert_eq!(
        (&last["type"], &last["code"]),
        (&json!("error"), &json!("provider_unauthorized"))
    );
    let run = events.last().unwrap().id.clone().unwrap();
    let run = admin
        .get(&format!("/v1/runs/{}", run.split(':').next().unwrap()))
        .await
        .data(200);
    assert_eq!(
        (&run["status"], &run["error"]["code"]),
        (&json!("failed"), &json!("provider_unauthorized"))
    );
    admin.chat(&agent, "again").await.until("done").await;
}

#[tokio::test]
async fn a_denied_tool_says_what_to_add() {
    let fetch = call("probe__fetch", json!({ "url": "https://evil.example/" }));
    let app = TestApp::with_script(json!({ "turns": [fetch, text("no luck")] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("probe", &key).await, &key)
        .await;
    let result = admin
        .chat(&agent, "fetch it")
        .await
        .until("tool_result")
        .await;
    assert_eq!(
        (&result["isError"], &result["outcome"]),
        (&json!(true), &json!("denied"))
    );
    assert!(
        result["content"].as_str().unwrap().contains("evil.example"),
        "{result}"
    );
}

#[tokio::test]
async fn a_stopped_agent_stops_what_it_does() {
    let slow = json!({ "parts": [{ "type": "text", "text": "well" }, { "type": "wait", "milliseconds": 60_000 }] });
    let app = TestApp::with_script(json!({ "turns": [slow] })).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let mut events = admin.chat(&agent, "hello").await;
    events.until("text").await;
    admin
        .post(&format!("/v1/agents/{agent}/stop"), json!({}))
        .await
        .data(200);
    assert_eq!(events.until("done").await["stopReason"], "cancelled");
}

#[tokio::test]
async fn a_shutdown_ends_streams_with_an_event_and_runs_go_on_after_it() {
    let count = call("echo__count_slow", json!({ "ms": 300 }));
    let script = json!({ "turns": [count, text("went on")] });
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}", folder.path().join("a.db").display());
    let setup = || Setup {
        script: script.clone(),
        database: Some(database.clone()),
        ..Setup::default()
    };
    let mut app = TestApp::start(setup()).await;
    let admin = app.admin().await;
    let agent = admin.agent().await;
    let key = skills::signing_key(1);
    admin
        .equip(&agent, &skills::signed("echo", &key).await, &key)
        .await;

    let mut events = admin.chat(&agent, "count").await;
    events.until("tool_call").await;
    let rest = tokio::spawn(events.all());
    app.stop().await;
    let rest = rest.await.unwrap();
    let kinds: Vec<Value> = rest
        .iter()
        .map(|event| event.json()["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        ["tool_result", "error"],
        "the tool call under way was finished first"
    );
    assert_eq!(rest[1].json()["code"], "unavailable");
    let run = rest[1].id.clone().unwrap();
    let run = run.split(':').next().unwrap();

    let app = TestApp::start(setup()).await;
    let admin = app.admin().await;
    let logs = admin
        .request(
            reqwest::Method::GET,
            &format!("/v1/agents/{agent}/logs/stream"),
        )
        .send()
        .await;
    let mut logs = Events::of(logs.unwrap());
    while !logs
        .next()
        .await
        .unwrap()
        .data
        .contains(&format!("{run} ended: "))
    {}
    assert_eq!(
        history(&admin, &agent, "").await,
        ["user: count", "assistant: went on"]
    );
    let steps = admin.get(&format!("/v1/runs/{run}")).await.data(200)["steps"].to_string();
    assert_eq!(
        steps.matches("tool_begun").count(),
        1,
        "what had ended did not run again: {steps}"
    );
}
