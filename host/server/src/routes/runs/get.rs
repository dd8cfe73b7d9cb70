//! `GET /v1/runs/{id}`

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_store::Step;

use crate::answer::Data;
use crate::extract::{Caller, Id, Query};
use crate::service::runs;
use crate::{ApiError, App};

#[derive(Deserialize)]
pub(crate) struct Params {
    after: Option<i64>,
}

impl Params {
    /// The place that the answer begins behind; before the first when the query does not say.
    pub(super) fn after(&self) -> i64 {
        self.after.unwrap_or(-1)
    }
}

/// One run, step by step. Where it has more steps than one answer holds, `truncated` says so, and `after` with the
/// number of the last one asks for the next.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
    Query(params): Query<Params>,
) -> Result<Data<Value>, ApiError> {
    let run = runs::get(&app, caller.account(), &id).await?;
    let page = runs::steps(&app, caller.account(), &id, params.after()).await?;
    let error = run
        .error_code
        .as_ref()
        .map(|code| json!({ "code": code, "message": run.error_message }));
    Ok(Data {
        data: json!({
            "id": run.id,
            "agentId": run.agent_id,
            "sessionId": run.session_id,
            "status": run.status,
            "stopReason": run.stop_reason,
            "error": error,
            "createdAt": run.created_at,
            "endedAt": run.ended_at,
            "steps": page.steps.into_iter().map(view).collect::<Vec<Value>>(),
            "truncated": page.truncated,
        }),
    })
}

/// A step as the journal has it, with its number and time. One that can't be read says so, and is of a known type.
fn view(step: Step) -> Value {
    let Value::Object(mut body) = step.body else {
        let unreadable = json!({ "unreadable": "not an object" });
        return view(Step {
            body: unreadable,
            ..step
        });
    };
    body.entry("type").or_insert_with(|| step.kind.into());
    body.insert("seq".to_owned(), json!(step.seq));
    body.insert("timestamp".to_owned(), json!(step.created_at));
    Value::Object(body)
}
