//! `GET /v1/account`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::config::{MAX_AGENTS_PER_ACCOUNT, MAX_SKILLS_PER_AGENT};

use crate::envelope::Data;
use crate::extract::Caller;
use crate::{ApiError, App};

/// An account, its limits and what it uses.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AccountView {
    id: String,
    name: String,
    plan: Plan,
    usage: AccountUsage,
}

/// The plan of an account: its limits and features.
#[derive(Serialize, JsonSchema)]
struct Plan {
    id: &'static str,
    name: &'static str,
    status: &'static str,
    limits: PlanLimits,
    features: PlanFeatures,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PlanLimits {
    max_agents: i64,
    max_skills_per_agent: usize,
}

#[derive(Serialize, JsonSchema)]
struct PlanFeatures {
    api_access: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccountUsage {
    agents: i64,
    running_agents: i64,
}

/// The only plan: that of the operator's own server.
const SELF_HOSTED: Plan = Plan {
    id: "plan_self_hosted",
    name: "Self-hosted",
    status: "active",
    limits: PlanLimits {
        max_agents: MAX_AGENTS_PER_ACCOUNT,
        max_skills_per_agent: MAX_SKILLS_PER_AGENT,
    },
    features: PlanFeatures { api_access: true },
};

/// The account, its limits and what it uses. Any valid key may ask.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
) -> Result<Data<AccountView>, ApiError> {
    let usage = app.accounts.usage(&caller).await?;
    Ok(Data {
        data: AccountView {
            id: usage.account.id,
            name: usage.account.name,
            plan: SELF_HOSTED,
            usage: AccountUsage {
                agents: usage.agents,
                running_agents: usage.running,
            },
        },
    })
}
