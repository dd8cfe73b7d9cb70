//! Runs, step by step.

use skillgate_store::{Run, Step};

use crate::service::text;
use crate::{ApiError, App};

/// A run of an account's agent; 404 when it has none of this id.
pub async fn get(app: &App, account: &str, id: &str) -> Result<Run, ApiError> {
    let run = if text::is_id(id) {
        app.store().get_run(account, id).await?
    } else {
        None
    };
    run.ok_or_else(|| ApiError::not_found("run"))
}

/// A run's steps, in order.
pub async fn steps(app: &App, account: &str, id: &str) -> Result<Vec<Step>, ApiError> {
    Ok(app.store().steps(account, id).await?)
}
