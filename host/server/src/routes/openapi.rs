//! `GET /openapi.json`

use std::sync::LazyLock;

use axum::Json;
use serde_json::Value;

/// The document: it is the same as long as the process lives.
static DOCUMENT: LazyLock<Value> = LazyLock::new(super::openapi_json);

/// Every operation, its types and who may call it.
pub(crate) async fn get() -> Json<&'static Value> {
    Json(&DOCUMENT)
}
