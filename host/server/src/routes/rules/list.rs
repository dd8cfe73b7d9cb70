//! `GET /v1/agents/{id}/rules`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::AgentId;
use skillgate_store::AgentRule;

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// The rules of an agent.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RulesView {
    rules: Vec<RuleItem>,
}

/// A rule, without its text.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RuleItem {
    /// Without `.md`.
    name: String,
    /// Bytes of the text.
    size: i64,
}

impl From<AgentRule> for RuleItem {
    fn from(rule: AgentRule) -> Self {
        Self {
            name: rule.name,
            size: rule.size,
        }
    }
}

/// Lists the rules of an agent by name.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<RulesView>, ApiError> {
    let rules = app.agents.rules(&caller, &id).await?;
    let rules = rules.into_iter().map(RuleItem::from).collect();
    Ok(Data {
        data: RulesView { rules },
    })
}
