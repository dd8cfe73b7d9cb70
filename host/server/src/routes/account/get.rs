//! `GET /v1/account`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AccountOverview, Plan};

use super::model_tiers::ModelTiersView;
use crate::envelope::Data;
use crate::extract::Caller;
use crate::{ApiError, App};

/// An account, its limits and what it uses.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    id: String,
    name: String,
    plan: PlanView,
    usage: AccountUsage,
    model_tiers: ModelTiersView,
}

/// The plan of an account: its limits and features.
#[derive(Serialize, JsonSchema)]
struct PlanView {
    id: String,
    name: String,
    status: &'static str,
    limits: PlanLimits,
    features: PlanFeatures,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PlanLimits {
    max_agents: i64,
    max_skills_per_agent: i64,
}

#[derive(Serialize, JsonSchema)]
struct PlanFeatures {
    api_access: bool,
    swarms: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccountUsage {
    agents: i64,
    running_agents: i64,
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.id,
            name: plan.name,
            status: "active",
            limits: PlanLimits {
                max_agents: plan.max_agents,
                max_skills_per_agent: plan.max_skills_per_agent,
            },
            features: PlanFeatures {
                api_access: true,
                swarms: plan.allows_swarms,
            },
        }
    }
}

impl From<AccountOverview> for AccountView {
    fn from(overview: AccountOverview) -> Self {
        Self {
            id: overview.account.id,
            name: overview.account.name,
            plan: overview.plan.into(),
            usage: AccountUsage {
                agents: overview.agents.total,
                running_agents: overview.agents.running,
            },
            model_tiers: overview.model_tiers.into(),
        }
    }
}

/// The account, its limits and what it uses. Any valid key may ask.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
) -> Result<Data<AccountView>, ApiError> {
    let overview = app.accounts.overview(&caller).await?;
    Ok(Data {
        data: overview.into(),
    })
}
