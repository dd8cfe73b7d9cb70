//! `POST /v1/skills`

use std::time::Duration;

use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{MethodRouter, post};
use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Created;
use crate::extract::Caller;
use crate::service::skills::{self, LARGEST_PACKAGE};
use crate::{ApiError, App};

/// How long one upload may keep others waiting.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the form around the package may add.
const FORM: usize = 64 << 10;

/// The route, with its own limit of size.
pub(crate) fn upload() -> MethodRouter<App> {
    post(publish).layer(DefaultBodyLimit::max(LARGEST_PACKAGE + FORM))
}

/// Publishes the signed package in the field `package`.
async fn publish(
    State(app): State<App>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Created<Value>, ApiError> {
    let form = form.map_err(|_| ApiError::unsupported_media("multipart/form-data"))?;
    let _slot = app.uploads().acquire().await.map_err(ApiError::internal)?;
    let bytes = tokio::time::timeout(PATIENCE, package(form))
        .await
        .map_err(|_| too_slow())??;
    let accepted = skills::publish(&app, caller.account(), caller.key(), bytes).await?;
    let (skill, version) = (accepted.published.skill, accepted.published.version);
    Ok(Created(json!({
        "id": skill.id,
        "name": skill.name,
        "version": version.version,
        "publisher": accepted.publisher,
        "keyId": version.publisher_key_id,
        "digest": version.digest,
        "tools": version.tools,
        "permissions": version.permissions,
        "trustLevel": version.trust_level,
    })))
}

/// The bytes of the one field named `package`.
async fn package(mut form: Multipart) -> Result<Vec<u8>, ApiError> {
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("package") {
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            if bytes.len() + chunk.len() > LARGEST_PACKAGE {
                return Err(ApiError::too_large(LARGEST_PACKAGE));
            }
            bytes.extend_from_slice(&chunk);
        }
        return Ok(bytes);
    }
    Err(ApiError::validation(
        "package: the form has no such field. Send the .skill file in it.",
    ))
}

fn too_slow() -> ApiError {
    ApiError::validation(format!(
        "The upload did not end within {} s. Send it over a faster connection.",
        PATIENCE.as_secs()
    ))
}

fn broken(error: MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(LARGEST_PACKAGE),
        _ => ApiError::validation(format!("The form can't be read: {}.", error.body_text())),
    }
}
