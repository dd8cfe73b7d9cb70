//! `GET /v1/account`

use axum::extract::State;
use serde_json::{Value, json};

use crate::answer::Data;
use crate::extract::Caller;
use crate::service::{accounts, agents, installations};
use crate::{ApiError, App};

/// The account, its limits and what it uses. Any valid key may ask.
pub(crate) async fn get(State(app): State<App>, caller: Caller) -> Result<Data<Value>, ApiError> {
    let usage = accounts::usage(&app, caller.account()).await?;
    Ok(Data {
        data: json!({
            "id": usage.account.id,
            "name": usage.account.name,
            "plan": {
                "id": "plan_self_hosted",
                "name": "Self-hosted",
                "status": "active",
                "limits": { "maxAgents": agents::MOST, "maxSkillsPerAgent": installations::MOST },
                "features": { "api_access": true },
            },
            "usage": { "agents": usage.agents, "runningAgents": usage.running },
        }),
    })
}
