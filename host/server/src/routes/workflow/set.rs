//! `PUT /v1/agents/{id}/workflow`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::AgentId;

use crate::envelope::Data;
use crate::extract::{Caller, Id, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetWorkflowRequest {
    workflow_md: String,
}

/// WORKFLOW.md after a change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetWorkflowView {
    workflow_md: String,
    needs_restart: bool,
}

/// Replaces WORKFLOW.md of an agent that runs.
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
    Json(body): Json<SetWorkflowRequest>,
) -> Result<Data<SetWorkflowView>, ApiError> {
    let workflow_md = body.workflow_md;
    app.agents.set_workflow(&caller, &id, &workflow_md).await?;
    Ok(Data {
        data: SetWorkflowView {
            workflow_md,
            needs_restart: true,
        },
    })
}
