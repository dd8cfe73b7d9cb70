//! `/v1/tasks`: what waits for a decision.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use skillgate_store::{NewTask, TaskKind, TaskLimits, Timestamp};
use skillgate_tests::app::{Answer, Client, Setup, TestApp};

/// Microseconds.
const HOUR: i64 = 3_600_000_000;

/// A server whose clock is moved by hand.
async fn with_clock() -> (TestApp, Client, Arc<AtomicI64>) {
    let start: Timestamp = "2026-01-15T10:30:00Z".parse().unwrap();
    let now = Arc::new(AtomicI64::new(start.as_micros()));
    let clock = now.clone();
    let app = TestApp::start(Setup {
        clock: Arc::new(move || Timestamp::from_micros(clock.load(Ordering::Relaxed))),
        ..Setup::default()
    })
    .await;
    let admin = app.admin().await;
    (app, admin, now)
}

/// Makes a task that waits for a decision; its id.
pub(super) async fn a_task(app: &TestApp, owner: &Client, agent: &str, key: &str) -> String {
    let new = NewTask {
        agent_id: Some(agent.to_owned()),
        run_id: None,
        kind: TaskKind::ToolApproval,
        idempotency_key: key.to_owned(),
        subject: json!({ "tool": key }),
        reason: Some("It writes.".to_owned()),
        expires_at: Timestamp::from_micros(app.store.now().as_micros() + HOUR),
    };
    let limits = TaskLimits {
        pending_per_agent: 10,
        pending_per_account: 10,
        ended_per_account: 10,
    };
    let task = app.store.create_task(&owner.account, new, limits).await;
    task.unwrap().unwrap().id
}

async fn decide(client: &Client, task: &str, how: &str, body: Value) -> Answer {
    client.post(&format!("/v1/tasks/{task}/{how}"), body).await
}

#[tokio::test]
async fn a_task_is_shown_decided_once_and_listed() {
    let (app, admin, now) = with_clock().await;
    let agent = admin.agent().await;
    let task = a_task(&app, &admin, &agent, "first").await;
    let shown = admin.get(&format!("/v1/tasks/{task}")).await.data(200);
    let pending = json!({
        "id": task, "kind": "tool_approval", "status": "pending", "agentId": agent, "runId": null,
        "subject": { "tool": "first" }, "reason": "It writes.",
        "createdAt": "2026-01-15T10:30:00.000Z", "expiresAt": "2026-01-15T11:30:00.000Z",
        "decidedAt": null, "decidedBy": null, "decisionReason": null,
    });
    assert_eq!(shown, pending);

    now.fetch_add(1_000_000, Ordering::Relaxed);
    let because = json!({ "reason": " It may. " });
    let approved = decide(&admin, &task, "approve", because).await.data(200);
    let keys = admin.get("/v1/api-keys").await.data(200);
    let mut decided = pending.clone();
    decided["status"] = json!("approved");
    decided["decidedAt"] = json!("2026-01-15T10:30:01.000Z");
    decided["decidedBy"] = keys[0]["id"].clone();
    decided["decisionReason"] = json!("It may.");
    assert_eq!(approved, decided);
    for how in ["approve", "deny"] {
        let twice = decide(&admin, &task, how, json!({})).await;
        let message = twice.error(409, "conflict");
        assert!(message.contains("approved already"), "{message}");
    }

    let second = a_task(&app, &admin, &agent, "second").await;
    let ids = async |query: &str| {
        let answer = admin.get(&format!("/v1/tasks{query}")).await;
        let pagination = answer.body["pagination"].clone();
        let data = answer.data(200);
        let ids = data.as_array().unwrap().iter();
        let ids: Vec<Value> = ids.map(|task| task["id"].clone()).collect();
        (ids, pagination)
    };
    let (all, pagination) = ids("").await;
    assert_eq!(all, [json!(second), json!(task)], "newest first");
    assert_eq!(pagination, json!({ "total": 2, "limit": 50, "offset": 0 }));
    let (page, pagination) = ids("?limit=1&offset=1").await;
    assert_eq!(page, [json!(task)]);
    assert_eq!(pagination, json!({ "total": 2, "limit": 1, "offset": 1 }));
    assert_eq!(ids("?status=pending").await.0, [json!(second)]);
    assert_eq!(ids(&format!("?agentId={agent}")).await.0.len(), 2);
    assert!(ids("?agentId=agent_other").await.0.is_empty());
}

#[tokio::test]
async fn a_task_past_its_end_is_expired_and_not_decided() {
    let (app, admin, now) = with_clock().await;
    let agent = admin.agent().await;
    let task = a_task(&app, &admin, &agent, "late").await;
    now.fetch_add(HOUR, Ordering::Relaxed);
    let shown = admin.get(&format!("/v1/tasks/{task}")).await.data(200);
    assert_eq!(shown["status"], "expired");
    for how in ["approve", "deny"] {
        let late = decide(&admin, &task, how, json!({})).await;
        let message = late.error(409, "conflict");
        assert!(
            message.contains("expired at 2026-01-15T11:30:00.000Z"),
            "{message}"
        );
    }
    let expired = admin.get("/v1/tasks?status=expired").await.data(200);
    assert_eq!(expired[0]["id"], *task);
}

#[tokio::test]
async fn what_no_task_takes_is_refused() {
    let (app, admin, _) = with_clock().await;
    let agent = admin.agent().await;
    let task = a_task(&app, &admin, &agent, "first").await;
    for (query, told) in [
        ("?status=done", "status: "),
        ("?limit=0", "limit: must be 1 to 100"),
        ("?limit=101", "limit: must be 1 to 100"),
        ("?offset=-1", "offset at least 0"),
    ] {
        let refused = admin.get(&format!("/v1/tasks{query}")).await;
        let message = refused.error(400, "validation_error");
        assert!(message.contains(told), "{query}: {message}");
    }
    for reason in [json!(""), json!("x".repeat(2_001)), json!(1)] {
        let refused = decide(&admin, &task, "deny", json!({ "reason": reason })).await;
        refused.error(400, "validation_error");
    }
    decide(&admin, "task_none", "approve", json!({}))
        .await
        .error(404, "task_not_found");
    let longest = json!({ "reason": "x".repeat(2_000) });
    decide(&admin, &task, "deny", longest).await.data(200);
}
