//! `DELETE /v1/skills/{id}`

use axum::extract::State;
use skillgate_service::SkillRef;

use crate::envelope::{Data, Deleted};
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// Deletes one of the account's own skills, by name or UUID. Agents that have it keep their version.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<SkillRef>,
) -> Result<Data<Deleted>, ApiError> {
    let skill = app.skills.delete(&caller, &id).await?;
    Ok(Data {
        data: Deleted::new(skill.name),
    })
}
