//! `GET /v1/runs/{id}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use skillgate_service::RunId;
use skillgate_store::{Run, RunStatus, Step, StepPage, Timestamp};

use crate::envelope::Data;
use crate::extract::{Caller, Id, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReadStepsQuery {
    after: Option<i64>,
}

impl ReadStepsQuery {
    /// The place that the answer begins behind; before the first when the query does not say.
    pub(super) fn after(&self) -> i64 {
        self.after.unwrap_or(-1)
    }
}

/// A run and its steps.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunView {
    id: String,
    agent_id: String,
    session_id: String,
    status: RunStatus,
    stop_reason: Option<String>,
    error: Option<RunErrorView>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Each with `type`, `seq` and `timestamp`, and what its type has.
    steps: Vec<Value>,
    /// True when the run has more steps than this answer holds.
    truncated: bool,
}

/// Why a run failed.
#[derive(Serialize, JsonSchema)]
pub(super) struct RunErrorView {
    code: String,
    message: Option<String>,
}

impl RunErrorView {
    /// The error of a run that has this code; nothing for one that has none.
    pub(super) fn of(code: Option<String>, message: Option<String>) -> Option<Self> {
        code.map(|code| Self { code, message })
    }
}

/// One run, step by step. Where it has more steps than one answer holds, `truncated` says so, and `after` with the
/// number of the last one asks for the next.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RunId>,
    Query(params): Query<ReadStepsQuery>,
) -> Result<Data<RunView>, ApiError> {
    let run = app.runs.get(&caller, &id).await?;
    let page = app.runs.steps(&caller, &id, params.after()).await?;
    Ok(Data {
        data: run_view(run, page),
    })
}

/// A run with these of its steps.
pub(super) fn run_view(run: Run, page: StepPage) -> RunView {
    RunView {
        id: run.id,
        agent_id: run.agent_id,
        session_id: run.session_id,
        status: run.status,
        stop_reason: run.stop_reason,
        error: RunErrorView::of(run.error_code, run.error_message),
        created_at: run.created_at,
        ended_at: run.ended_at,
        steps: page.steps.into_iter().map(view).collect(),
        truncated: page.truncated,
    }
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
