//! `DELETE /v1/agents/{id}/rules/{name}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AgentId, RuleName};

use crate::envelope::Data;
use crate::extract::{Caller, Ids};
use crate::{ApiError, App};

/// A rule after it was deleted.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletedRule {
    name: String,
    deleted: bool,
    needs_restart: bool,
}

/// Deletes a rule.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Ids(id, name): Ids<AgentId, RuleName>,
) -> Result<Data<DeletedRule>, ApiError> {
    let needs_restart = app.agents.delete_rule(&caller, &id, &name).await?;
    Ok(Data {
        data: DeletedRule {
            name: name.into(),
            deleted: true,
            needs_restart,
        },
    })
}
