//! `GET /openapi.json`

use std::sync::LazyLock;

use crate::envelope::StaticJson;

/// The document as it is sent: it is the same as long as the process lives.
static DOCUMENT: LazyLock<String> = LazyLock::new(|| super::openapi_json().to_string());

/// Every operation, its types and who may call it.
pub(crate) async fn get() -> StaticJson {
    StaticJson(&DOCUMENT)
}
