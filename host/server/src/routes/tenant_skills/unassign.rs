//! `DELETE /api/skills/{id}/unassign/{agentId}`

use axum::Json;
use axum::extract::State;
use skillgate_service::{AgentId, SkillRef};

use super::view::Success;
use crate::extract::{Caller, Ids};
use crate::{ApiError, App};

/// Removes a skill, by UUID or name, from an agent, and revokes what it was granted there.
pub(crate) async fn unassign(
    State(app): State<App>,
    caller: Caller,
    Ids(skill, agent): Ids<SkillRef, AgentId>,
) -> Result<Json<Success>, ApiError> {
    app.assignments.uninstall(&caller, &agent, &skill).await?;
    Ok(Json(Success::new()))
}
