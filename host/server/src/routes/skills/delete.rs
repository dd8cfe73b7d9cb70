//! `DELETE /v1/skills/{id}`

use axum::extract::State;

use crate::envelope::{Data, Deleted};
use crate::extract::{Caller, Id};
use crate::service::skills;
use crate::{ApiError, App};

/// Deletes one of the account's own skills, by name or UUID. Agents that have it keep their version.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<String>,
) -> Result<Data<Deleted>, ApiError> {
    let skill = skills::delete(&app, caller.account(), &id).await?;
    Ok(Data {
        data: Deleted::new(skill.name),
    })
}
