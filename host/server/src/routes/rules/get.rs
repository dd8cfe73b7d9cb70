//! `GET /v1/agents/{id}/rules/{name}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AgentId, RuleName};

use crate::envelope::Data;
use crate::extract::{Caller, Ids};
use crate::{ApiError, App};

/// A rule.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RuleView {
    /// Without `.md`.
    name: String,
    /// Markdown.
    content: String,
}

/// Reads a rule.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Ids(id, name): Ids<AgentId, RuleName>,
) -> Result<Data<RuleView>, ApiError> {
    let content = app.agents.rule(&caller, &id, &name).await?;
    Ok(Data {
        data: RuleView {
            name: name.into(),
            content,
        },
    })
}
