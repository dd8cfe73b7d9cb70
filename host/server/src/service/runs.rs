//! Runs, step by step.

use skillgate_store::{Run, StepPage};

use crate::service::validate;
use crate::{ApiError, App};

/// A run of an account's agent; 404 when it has none of this id.
pub async fn get(app: &App, account: &str, id: &str) -> Result<Run, ApiError> {
    let run = if validate::is_id(id) {
        app.store().get_run(account, id).await?
    } else {
        None
    };
    run.ok_or_else(|| ApiError::not_found("run"))
}

/// A run's steps that follow place `after` (-1 for all), in order, as many as one answer may hold.
pub async fn steps(app: &App, account: &str, id: &str, after: i64) -> Result<StepPage, ApiError> {
    let _place = app.page_read(account).await?;
    let bytes = app.limits().pages.steps;
    Ok(app.store().steps_after(account, id, after, bytes).await?)
}

/// As [`steps`], of the ends of tool calls alone.
pub async fn tool_ends(
    app: &App,
    account: &str,
    id: &str,
    after: i64,
) -> Result<StepPage, ApiError> {
    let _place = app.page_read(account).await?;
    let bytes = app.limits().pages.steps;
    let page = app.store().tool_ends_after(account, id, after, bytes);
    Ok(page.await?)
}
