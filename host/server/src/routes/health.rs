//! `GET /healthz` and `GET /readyz`.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{ApiError, App};

/// The answer of a probe.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ProbeView {
    status: &'static str,
}

/// 200 as long as the process answers.
pub(crate) async fn live() -> Json<ProbeView> {
    Json(ProbeView { status: "ok" })
}

/// 200 when the store answers and the skills of running agents are loaded (or had five seconds to be: the rest is loaded
/// in the background, or when it is called); 503 until then, and once the server is closing.
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<ProbeView>, ApiError> {
    app.check_ready().await?;
    Ok(Json(ProbeView { status: "ready" }))
}
