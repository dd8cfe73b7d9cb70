//! What holds for every operation, whichever is added: read from the rows of the surfaces.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use skillgate_server::{Access, Envelope, Operation, operations};
use skillgate_service::{Scope, Scopes};
use skillgate_store::{NewTask, TaskKind, TaskLimits, Timestamp};
use skillgate_tests::app::{Answer, Client, TestApp};
use skillgate_tests::skills::{signed, signing_key};

/// A server whose account has one thing of each kind that a path can name.
struct Things {
    app: TestApp,
    owner: Client,
    agent: String,
    run: String,
    api_key: String,
    publisher_key: String,
    permission_grant: String,
    task: String,
    swarm: String,
}

impl Things {
    async fn new() -> Self {
        let text = json!({ "type": "text", "text": "Hello." });
        let app = TestApp::with_script(json!({ "turns": [{ "parts": [text] }] })).await;
        let owner = app.admin().await;
        let key = signing_key(1);
        owner.register(&key).await.data(201);
        owner.upload(&signed("echo", &key).await).await.data(201);
        let agent = owner.agent().await;
        let wish = json!({ "skillId": "echo", "trustLevel": "clawhub" });
        let skills = format!("/v1/agents/{agent}/skills");
        owner.post(&skills, wish).await.data(201);
        let task = a_task(&app, &owner, &agent).await;
        let told = format!("/v1/agents/{agent}");
        let soul = json!({ "soulMd": "You are new." });
        owner
            .put(&format!("{told}/personality"), soul)
            .await
            .data(200);
        let rule = json!({ "content": "Be quick." });
        owner
            .put(&format!("{told}/rules/hurry"), rule)
            .await
            .data(200);
        let done = owner.chat(&agent, "Hello?").await.until("done").await;
        let swarm = json!({ "name": "Growth" });
        owner.post("/v1/swarms", swarm).await.data(201);
        let first = async |path: &str, field: &str| {
            owner.get(path).await.data(200)[0][field]
                .as_str()
                .unwrap()
                .to_owned()
        };
        Self {
            api_key: first("/v1/api-keys", "id").await,
            publisher_key: first("/v1/publisher-keys", "id").await,
            permission_grant: first("/v1/permission-grants", "id").await,
            task,
            swarm: first("/v1/swarms", "id").await,
            run: done["runId"].as_str().unwrap().to_owned(),
            app,
            owner,
            agent,
        }
    }

    /// The operation's path, with the owner's things in place of its parameters.
    fn path(&self, operation: &Operation) -> String {
        let mut noun = "";
        let filled = operation.path.split('/').map(|segment| {
            let before = std::mem::replace(&mut noun, segment);
            match (segment.starts_with('{'), before) {
                (false, _) => segment,
                (true, "agents" | "agent" | "unassign" | "assignments") => &self.agent,
                (true, "runs") => &self.run,
                (true, "skills") => "echo",
                (true, "rules") => "hurry",
                (true, "versions") => "1",
                (true, "api-keys") => &self.api_key,
                (true, "publisher-keys") => &self.publisher_key,
                (true, "permission-grants") => &self.permission_grant,
                (true, "tasks") => &self.task,
                (true, "docs") => "docs.js",
                (true, "swarms") => &self.swarm,
                (true, other) => panic!("add a thing of `{other}` to these tests"),
            }
        });
        let filled = filled.collect::<Vec<_>>().join("/");
        match operation.path.as_str() {
            "/v1/knowledge" => format!("{filled}?agentId={}", self.agent),
            _ => filled,
        }
    }
}

/// Makes a task of the agent that waits for a decision.
async fn a_task(app: &TestApp, owner: &Client, agent: &str) -> String {
    let new = NewTask {
        agent_id: Some(agent.to_owned()),
        run_id: None,
        kind: TaskKind::ToolApproval,
        idempotency_key: "a call".to_owned(),
        subject: json!({ "tool": "echo__echo" }),
        reason: None,
        expires_at: Timestamp::from_micros(app.store.now().as_micros() + 3_600_000_000),
    };
    let limits = TaskLimits {
        pending_per_agent: 1,
        pending_per_account: 1,
        ended_per_account: 1,
    };
    let task = app.store.create_task(&owner.account, new, limits).await;
    task.unwrap().unwrap().id
}

/// A body that the operation takes, where it takes one that is JSON.
fn body(operation: &Operation) -> Option<Value> {
    Some(match (&operation.method, operation.path.as_str()) {
        (&Method::POST, "/v1/agents") => json!({ "name": "A", "config": {} }),
        (&Method::PATCH, "/v1/agents/{id}") => json!({ "name": "B" }),
        (&Method::PUT, "/v1/agents/{id}/personality") => json!({ "soulMd": "New." }),
        (&Method::PUT, "/v1/agents/{id}/workflow") => json!({ "workflowMd": "New." }),
        (&Method::PUT, "/v1/agents/{id}/rules/{name}") => json!({ "content": "New." }),
        (&Method::PATCH, "/v1/agents/{id}/secrets") => json!({ "secrets": { "TOKEN": "x" } }),
        (&Method::POST, "/v1/agents/{id}/chat/messages") => json!({ "message": "Hello." }),
        (&Method::POST, "/v1/agents/{id}/chat/sessions") => json!({}),
        (&Method::POST, "/v1/agents/{id}/skills") => {
            json!({ "skillId": "echo", "trustLevel": "clawhub" })
        }
        (&Method::POST, "/api/skills/{id}/assign") => json!({ "agentId": "none" }),
        (&Method::PATCH, "/api/skills/{id}/assignments/{agentId}") => json!({ "enabled": true }),
        (&Method::POST, "/v1/swarms") => json!({ "name": "Sales" }),
        (&Method::PATCH, "/v1/swarms/{id}") => json!({ "icon": null }),
        (&Method::PATCH, "/v1/swarms/{id}/secrets") => {
            json!({ "secrets": { "anthropicApiKey": "x" } })
        }
        (&Method::PUT, "/v1/account/model-tiers") => json!({ "low": ["demo/demo"] }),
        (&Method::POST, "/v1/auth/token") => json!({ "ttl": 60 }),
        (&Method::POST, "/v1/api-keys") => json!({ "label": "L", "scopes": ["chat"] }),
        (&Method::POST, "/v1/knowledge/ingest") => {
            json!({ "agentId": "a", "chunks": [{ "text": "t", "source": "s" }] })
        }
        (&Method::POST, "/v1/knowledge/search") => json!({ "agentId": "a", "query": "q" }),
        (&Method::POST, "/v1/publisher-keys") => json!({}),
        (&Method::PATCH, "/v1/permission-grants/{id}") => json!({ "mode": "allow" }),
        (&Method::POST, "/v1/tasks/{id}/approve" | "/v1/tasks/{id}/deny") => {
            json!({ "reason": "because" })
        }
        (&Method::POST | &Method::PUT, "/v1/skills" | "/v1/skills/{id}") => {
            json!({ "skillMd": "---\nname: echo\ndescription: d\n---\n" })
        }
        _ => return None,
    })
}

/// Checks that an answer is a refusal in the envelope of the operation's surface; its message. A surface without codes shows none.
#[track_caller]
fn refused(operation: &Operation, answer: Answer, status: u16, code: &str) -> String {
    match operation.envelope {
        Envelope::ControlPlane => answer.error(status, code),
        Envelope::Tenant => answer.tenant_error(status),
        Envelope::Authoring => answer.authoring_error(status, code),
    }
}

/// The operations that do not serve everybody.
fn guarded() -> impl Iterator<Item = Operation> {
    let is_guarded = |operation: &Operation| operation.access != Access::Public;
    operations().into_iter().filter(is_guarded)
}

#[tokio::test]
async fn only_what_tells_of_the_server_needs_no_key() {
    let public = operations().into_iter();
    let public = public.filter(|operation| operation.access == Access::Public);
    let paths: Vec<String> = public.map(|operation| operation.path).collect();
    let known = [
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
        "/openapi.json",
        "/docs",
        "/docs/{file}",
        "/llms.txt",
        "/llms-full.txt",
    ];
    assert_eq!(paths, known);

    let app = TestApp::with_script(json!({ "turns": [] })).await;
    for operation in guarded() {
        let path = operation.path.replace(['{', '}'], "");
        for caller in [app.anonymous(), Client::new(&app.url, Some("ak_live_none"))] {
            let request = caller.request(operation.method.clone(), &path);
            let answer = caller.send(request).await;
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            refused(&operation, answer, 401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn every_other_scope_is_refused_and_the_one_that_is_missing_named() {
    let things = Things::new().await;
    for held in Scope::ALL {
        let caller = things.app.client(&[held.name()]).await;
        let scopes = Scopes::from_names(&[held.name()]);
        for operation in guarded() {
            let Access::Scoped(needed) = operation.access else {
                continue;
            };
            if scopes.holds(needed) {
                continue;
            }
            let request = caller.request(operation.method.clone(), &things.path(&operation));
            let answer = caller.send(request).await;
            let message = refused(&operation, answer, 403, "forbidden");
            assert!(message.contains(needed.name()), "{operation:?}: {message}");
        }
    }
}

#[tokio::test]
async fn what_is_another_accounts_is_not_there() {
    let things = Things::new().await;
    let stranger = things.app.stranger(&["admin"]).await;
    for operation in guarded().filter(|operation| operation.path.contains('{')) {
        let path = things.path(&operation);
        let mut request = stranger.request(operation.method.clone(), &path);
        if let Some(body) = body(&operation) {
            request = request.json(&body);
        }
        let answer = stranger.send(request).await;
        if operation.envelope == Envelope::Tenant {
            let message = answer.tenant_error(404);
            assert!(message.ends_with(" not found"), "{operation:?}: {message}");
            continue;
        }
        let code = answer.body["error"]["code"].as_str().unwrap_or_default();
        let code = code.to_owned();
        assert!(
            code.ends_with("_not_found") && code != "route_not_found",
            "{operation:?}: {code}"
        );
        refused(&operation, answer, 404, &code);
    }
    for path in [
        format!("/v1/agents/{}", things.agent),
        format!("/v1/runs/{}", things.run),
        "/v1/skills/echo".to_owned(),
    ] {
        things.owner.get(&path).await.data(200);
    }
    let keys = things.owner.get("/v1/api-keys").await.data(200);
    let is_revoked = |key: &Value| !key["revokedAt"].is_null();
    assert!(!keys.as_array().unwrap().iter().any(is_revoked));
    let keys = things.owner.get("/v1/publisher-keys").await.data(200);
    assert!(keys[0]["revokedAt"].is_null(), "{keys}");
    let grants = things.owner.get("/v1/permission-grants").await.data(200);
    assert!(grants[0]["revokedAt"].is_null(), "{grants}");
    let tasks = things.owner.get("/v1/tasks").await.data(200);
    assert_eq!(tasks[0]["status"], "pending");
}

#[tokio::test]
async fn a_body_that_is_no_json_or_too_large_is_refused() {
    let things = Things::new().await;
    for operation in guarded().filter(|operation| body(operation).is_some()) {
        let path = things.path(&operation);
        let send = async |text: String| {
            let request = things.owner.request(operation.method.clone(), &path);
            let request = request.header("content-type", "application/json");
            things.owner.send(request.body(text)).await
        };
        let garbage = send("{\"a\": [".to_owned()).await;
        refused(&operation, garbage, 400, "validation_error");
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(5 << 20));
        let large = send(large).await;
        refused(&operation, large, 413, "payload_too_large");
    }
}

#[tokio::test]
async fn the_document_describes_every_operation_and_what_it_refers_to_is_there() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let document = app.anonymous().get("/openapi.json").await;
    assert_eq!(document.status, 200);
    let document = document.body;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));

    let described = document["paths"].as_object().unwrap().iter();
    let described = described.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| (path.clone(), method.to_ascii_uppercase()))
    });
    let served = operations()
        .into_iter()
        .map(|one| (one.path, one.method.to_string()));
    let (described, served): (BTreeSet<_>, BTreeSet<_>) = (described.collect(), served.collect());
    assert_eq!(described, served);

    let operations = document["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|methods| methods.as_object().unwrap().values());
    let ids: Vec<_> = operations.map(|one| one["operationId"].as_str()).collect();
    let distinct: BTreeSet<_> = ids.iter().flatten().collect();
    assert_eq!(distinct.len(), ids.len(), "each has an id of its own");

    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let scopes = &document["paths"]["/v1/agents"]["post"]["security"][0]["apiKey"];
    assert_eq!(scopes, &json!(["agents:write"]));
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let is_numbered = |name: &&String| name.ends_with(|last: char| last.is_ascii_digit());
    let numbered: Vec<_> = schemas.keys().filter(is_numbered).collect();
    assert!(numbered.is_empty(), "two types of one name: {numbered:?}");
}

#[tokio::test]
async fn the_text_for_language_models_names_every_operation() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let client = app.anonymous();
    let answer = client
        .request(Method::GET, "/llms.txt")
        .send()
        .await
        .unwrap();
    assert!(
        answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain")
    );
    let text = answer.text().await.unwrap();
    for Operation {
        method,
        path,
        summary,
        ..
    } in operations()
    {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("`{method} {path}`")));
        assert!(
            line.is_some_and(|line| line.ends_with(summary)),
            "{method} {path}"
        );
    }
    assert!(text.contains("`POST /v1/agents` (scope `agents:write`)"));
}

/// Every `$ref` in a document.
fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            references.extend(
                fields
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            fields
                .values()
                .for_each(|field| collect_references(field, references));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_shows_every_status_header_and_example() {
    let app = TestApp::with_script(json!({ "turns": [] })).await;
    let document = app.anonymous().get("/openapi.json").await.body;
    for operation in operations() {
        let method = operation.method.as_str().to_ascii_lowercase();
        let described = &document["paths"][&operation.path][&method];
        let responses = described["responses"].as_object().unwrap();
        let mut statuses = vec!["500", "503"];
        if operation.access != Access::Public {
            statuses.extend(["401", "429"]);
        }
        if operation.access.scope().is_some() {
            statuses.push("403");
        }
        if operation.path.contains('{') {
            statuses.push("404");
        }
        for status in statuses {
            assert!(responses.contains_key(status), "{operation:?}: {status}");
        }
        assert!(!operation.tag.is_empty(), "{operation:?}: give it a `.tag`");
        let success = responses.iter().find(|(status, _)| status.starts_with('2'));
        let headers = &success.unwrap().1["headers"];
        assert!(headers.get("X-RateLimit-Remaining").is_some());
        assert!(headers.get("X-Request-Id").is_some());
        let content = &described["requestBody"]["content"]["application/json"];
        if let Some(example) = content.get("example") {
            let mut schema = content["schema"].clone();
            schema["components"] = document["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            assert!(validator.is_valid(example), "{operation:?}: {example}");
        }
    }
    let responses = document["components"]["responses"].as_object().unwrap();
    for (name, response) in responses {
        let content = &response["content"]["application/json"];
        let mut schema = content["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(validator.is_valid(&content["example"]), "{name}");
        assert!(response["headers"].get("X-Request-Id").is_some(), "{name}");
    }
    let header = |name: &str, header: &str| responses[name]["headers"].get(header).is_some();
    assert!(header("RateLimitExceeded", "Retry-After"));
    assert!(header("TenantUnauthorized", "WWW-Authenticate"));
}

#[tokio::test]
async fn the_events_of_a_chat_are_as_the_document_describes_them() {
    let call = json!({ "type": "tool_call", "name": "echo__echo", "arguments": { "text": "a" } });
    let text = json!({ "type": "text", "text": "Done." });
    let script = json!({ "turns": [{ "parts": [call] }, { "parts": [text] }] });
    let app = TestApp::with_script(script).await;
    let owner = app.admin().await;
    let (agent, key) = (owner.agent().await, signing_key(1));
    owner.equip(&agent, &signed("echo", &key).await, &key).await;
    let document = owner.get("/openapi.json").await.body;
    let chat = &document["paths"]["/v1/agents/{id}/chat/messages"]["post"];
    let stream = &chat["responses"]["200"]["content"]["text/event-stream"];
    let mut schema = stream["schema"]["properties"]["data"]["contentSchema"].clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut events = owner.chat(&agent, "Hello?").await;
    let mut kinds = BTreeSet::new();
    while let Some(event) = events.next().await {
        let event = event.json();
        assert!(validator.is_valid(&event), "{event}");
        kinds.insert(event["type"].as_str().unwrap().to_owned());
    }
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    assert_eq!(kinds, ["done", "text", "tool_call", "tool_result", "usage"]);
    assert!(!validator.is_valid(&json!({ "type": "unicorn" })));
}

/// What is answered has the shape that the document says, field by field.
#[tokio::test]
async fn answers_are_as_the_document_describes_them() {
    let things = Things::new().await;
    let document = things.owner.get("/openapi.json").await.body;
    let mut checked = 0;
    for operation in operations() {
        let responses = &document["paths"][&operation.path]["get"]["responses"];
        let content = &responses["200"]["content"]["application/json"];
        if operation.method != Method::GET || content.is_null() {
            continue;
        }
        let answer = things.owner.get(&things.path(&operation)).await;
        assert_eq!(answer.status, 200, "{operation:?}");
        let mut schema = content["schema"].clone();
        schema["components"] = document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{operation:?}: {errors:?}\n{}",
            answer.body
        );
        checked += 1;
    }
    assert!(checked > 10);
}
