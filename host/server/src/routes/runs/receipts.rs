//! `GET /v1/runs/{id}/receipts`

use axum::extract::State;
use serde_json::{Value, json};
use skillgate_store::Step;

use crate::answer::List;
use crate::extract::{Caller, Id};
use crate::service::runs;
use crate::{ApiError, App};

/// What each tool call of a run did and used, in order.
pub(crate) async fn receipts(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<List<Value>, ApiError> {
    let run = runs::get(&app, caller.account(), &id).await?;
    let steps = runs::steps(&app, caller.account(), &run.id).await?;
    Ok(List::whole(steps.into_iter().filter_map(receipt).collect()))
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
    receipt["timestamp"] = json!(step.created_at);
    Some(receipt)
}
