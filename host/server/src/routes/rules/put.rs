//! `PUT /v1/agents/{id}/rules/{name}`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{AgentId, RuleName};

use crate::envelope::Data;
use crate::extract::{Caller, Ids, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct PutRuleRequest {
    /// Markdown.
    content: String,
}

/// A rule after it was written.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WrittenRule {
    name: String,
    needs_restart: bool,
}

/// Makes or replaces a rule.
pub(crate) async fn put(
    State(app): State<App>,
    caller: Caller,
    Ids(id, name): Ids<AgentId, RuleName>,
    Json(body): Json<PutRuleRequest>,
) -> Result<Data<WrittenRule>, ApiError> {
    let put = app.agents.put_rule(&caller, &id, &name, &body.content);
    let needs_restart = put.await?;
    Ok(Data {
        data: WrittenRule {
            name: name.into(),
            needs_restart,
        },
    })
}
