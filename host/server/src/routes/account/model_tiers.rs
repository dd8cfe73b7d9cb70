//! `PUT /v1/account/model-tiers`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::ModelTiers;

use crate::envelope::Data;
use crate::extract::{Caller, Json};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SetModelTiersRequest {
    /// Models as `provider/model`, in the order in which they are tried.
    low: Option<Vec<String>>,
    medium: Option<Vec<String>>,
    high: Option<Vec<String>>,
}

/// The models of each tier, as `provider/model`, in the order in which they are tried.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ModelTiersView {
    low: Vec<String>,
    medium: Vec<String>,
    high: Vec<String>,
}

impl From<ModelTiers> for ModelTiersView {
    fn from(tiers: ModelTiers) -> Self {
        Self {
            low: tiers.low,
            medium: tiers.medium,
            high: tiers.high,
        }
    }
}

/// Replaces the models of all tiers; a tier that is left out has none.
pub(crate) async fn set_model_tiers(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<SetModelTiersRequest>,
) -> Result<Data<ModelTiersView>, ApiError> {
    let tiers = ModelTiers {
        low: body.low.unwrap_or_default(),
        medium: body.medium.unwrap_or_default(),
        high: body.high.unwrap_or_default(),
    };
    let tiers = app.accounts.set_model_tiers(&caller, tiers).await?;
    Ok(Data { data: tiers.into() })
}
