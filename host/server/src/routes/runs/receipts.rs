//! `GET /v1/runs/{id}/receipts`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use skillgate_store::Step;

use super::get::ReadStepsQuery;
use skillgate_service::RunId;

use crate::envelope::List;
use crate::extract::{Caller, Id, Query};
use crate::{ApiError, App};

/// The receipts of a run, with whether there are more than the answer holds.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ReceiptPage {
    #[serde(flatten)]
    list: List<Value>,
    truncated: bool,
}

/// What each tool call of a run did and used, in order. Where there are more than one answer holds, `truncated` says so,
/// and `after` with the last one's `seq` asks for the next.
pub(crate) async fn receipts(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<RunId>,
    Query(params): Query<ReadStepsQuery>,
) -> Result<Json<ReceiptPage>, ApiError> {
    app.runs.get(&caller, &id).await?;
    let page = app.runs.tool_ends(&caller, &id, params.after()).await?;
    Ok(Json(ReceiptPage {
        list: List::whole(page.steps.into_iter().filter_map(receipt).collect()),
        truncated: page.truncated,
    }))
}

fn receipt(mut step: Step) -> Option<Value> {
    let mut receipt = step
        .body
        .get_mut("receipt")
        .filter(|receipt| receipt.is_object())?
        .take();
    let mut taken = |field: &str| step.body.get_mut(field).map(Value::take);
    receipt["callId"] = json!(taken("id"));
    receipt["name"] = json!(taken("name"));
    receipt["seq"] = json!(step.seq);
    receipt["timestamp"] = json!(step.created_at);
    Some(receipt)
}
