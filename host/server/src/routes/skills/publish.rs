//! `POST /v1/skills`

use std::time::Duration;

use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{MethodRouter, post};
use http::StatusCode;
use serde::Serialize;

use super::View;
use crate::answer::Created;
use crate::extract::Caller;
use crate::service::skills::{self, LARGEST_PACKAGE};
use crate::spool::{Received, Spool};
use crate::{ApiError, App};

/// What the form around the package may add.
const FORM: usize = 64 << 10;

/// The route, with its own limit of size.
pub(crate) fn upload() -> MethodRouter<App> {
    post(publish).layer(DefaultBodyLimit::max(LARGEST_PACKAGE + FORM))
}

/// What was published: the skill in this version, and who vouches for it.
#[derive(Serialize)]
struct Published {
    #[serde(flatten)]
    skill: View,
    version: String,
    publisher: String,
}

/// Publishes the signed package in the field `package`.
async fn publish(
    State(app): State<App>,
    caller: Caller,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Created<Published>, ApiError> {
    let form = form.map_err(|_| ApiError::unsupported_media("multipart/form-data"))?;
    let received = receive(&app, caller.account(), form).await?;
    let accepted = skills::publish_received(&app, caller.account(), caller.key(), received).await?;
    let (skill, version) = (accepted.published.skill, accepted.published.version);
    Ok(Created(Published {
        version: version.version.clone(),
        publisher: accepted.publisher,
        skill: View::new(skill, version),
    }))
}

/// The whole package, at its sender's pace: nothing that others wait for is held meanwhile.
async fn receive(app: &App, account: &str, form: Multipart) -> Result<Received, ApiError> {
    let patience = app.limits().packages.receive;
    let received = package(form, app.spools().begin(account).await?);
    tokio::time::timeout(patience, received)
        .await
        .map_err(|_| too_slow(patience))?
}

/// The bytes of the one field named `package`.
async fn package(mut form: Multipart, mut spool: Spool) -> Result<Received, ApiError> {
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("package") {
            continue;
        }
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            if spool.len() + chunk.len() > LARGEST_PACKAGE {
                return Err(ApiError::too_large(LARGEST_PACKAGE));
            }
            spool.push(&chunk).await?;
        }
        return spool.finish().await;
    }
    Err(ApiError::validation(
        "package: the form has no such field. Send the .skill file in it.",
    ))
}

fn too_slow(patience: Duration) -> ApiError {
    ApiError::validation(format!(
        "The upload did not end within {} s. Send it over a faster connection.",
        patience.as_secs()
    ))
}

fn broken(error: MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(LARGEST_PACKAGE),
        _ => ApiError::validation(format!("The form can't be read: {}.", error.body_text())),
    }
}
