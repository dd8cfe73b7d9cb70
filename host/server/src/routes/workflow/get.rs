//! `GET /v1/agents/{id}/workflow`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::AgentId;

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// How an agent works.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorkflowView {
    workflow_md: String,
    /// The files of the agent's rules: each is a rule's name with `.md` behind it.
    rules: Vec<String>,
}

/// Reads WORKFLOW.md of an agent that runs.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<WorkflowView>, ApiError> {
    let agent = app.agents.get_running(&caller, &id).await?;
    let rules = app.agents.rules(&caller, &id).await?;
    let files = rules.into_iter().map(|rule| format!("{}.md", rule.name));
    Ok(Data {
        data: WorkflowView {
            workflow_md: agent.workflow_md.clone(),
            rules: files.collect(),
        },
    })
}
