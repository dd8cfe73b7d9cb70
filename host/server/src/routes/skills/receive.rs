//! The ways in which a skill is sent: a signed package in a form, or a SKILL.md as it is, in a form, or in JSON.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use futures::StreamExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use skillgate_service::Actor;
use skillgate_service::packages::{MAX_PACKAGE_BYTES, MAX_SKILL_MD, Received, Spool};

use crate::surface::{Description, Input, Schemas};
use crate::{ApiError, App};

/// The most bytes of a body that holds a SKILL.md: in JSON a line feed takes two bytes, a control character six.
const MAX_TEXT_BODY: usize = MAX_SKILL_MD * 2;

/// The most bytes of a form that are received and are no content of the field that is wanted: other fields, headers, and
/// what its reader, which looks for boundaries in memory, has not passed on yet.
const MAX_UNREAD: usize = 1 << 20;

/// How many bytes of a form were received and not passed on.
#[derive(Clone, Default)]
struct Unread(Arc<AtomicUsize>);

impl Unread {
    /// The body, which ends in an error when more than [`MAX_UNREAD`] bytes are not passed on.
    fn count(&self, body: Body) -> Body {
        let unread = self.0.clone();
        let counted = body.into_data_stream().map(move |chunk| {
            let chunk = chunk?;
            let before = unread.fetch_add(chunk.len(), Ordering::Relaxed);
            match before.saturating_add(chunk.len()) <= MAX_UNREAD {
                true => Ok(chunk),
                false => Err(axum::Error::new("too much of the form is unread")),
            }
        });
        Body::from_stream(counted)
    }

    /// Whether the body ended for that reason.
    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MAX_UNREAD
    }

    /// Notes that so many bytes were passed on.
    fn take(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// A skill as it was sent.
pub(super) enum SentSkill {
    /// A package.
    Package(Received),
    /// The text of a SKILL.md.
    Instructions(String),
}

/// A request that carries a skill, not read yet.
pub(crate) struct SkillUpload(pub(super) Request);

impl<S: Sync> FromRequest<S> for SkillUpload {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        Ok(Self(request))
    }
}

impl Input for SkillUpload {
    fn describe(description: &mut Description, _: &mut Schemas) {
        let text = json!({ "type": "string" });
        let file = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
        description.body = Some(json!({
            "required": true,
            "description": "A signed package, or a SKILL.md for the account itself.",
            "content": {
                "multipart/form-data": { "schema": {
                    "type": "object",
                    "properties": { "package": file, "skillMd": text },
                } },
                "text/markdown": { "schema": text },
                "application/json": { "schema": {
                    "type": "object",
                    "required": ["skillMd"],
                    "properties": { "skillMd": text },
                } },
            },
        }));
    }
}

/// `{"skillMd": "…"}`
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonBody {
    skill_md: String,
}

/// Receives a skill whole, at its sender's pace: nothing that others wait for is held meanwhile.
///
/// # Errors
/// 415 for another type of content, 413 for too much of it, 400 where it does not come in time or is none; 503 when too many
/// are being received.
pub(super) async fn receive(
    app: &App,
    actor: &Actor,
    SkillUpload(request): SkillUpload,
) -> Result<SentSkill, ApiError> {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "multipart/form-data" => {
            // Before the first byte: what the form's reader buffers is memory, too.
            let spool = app.packages.begin_upload(actor).await?;
            let unread = Unread::default();
            let request = request.map(|body| unread.count(body));
            let form = Multipart::from_request(request, app).await;
            let form = form.map_err(|_| ApiError::unsupported_media("multipart/form-data"))?;
            let patience = app.packages.receive_timeout();
            let sent = in_time(patience, from_form(form, spool, &unread)).await?;
            match unread.is_over() {
                true => Err(ApiError::too_large(MAX_UNREAD)),
                false => sent,
            }
        }
        "text/markdown" => {
            let text = text_body(app, request.into_body()).await?;
            Ok(SentSkill::Instructions(checked(text)?))
        }
        "application/json" => {
            let text = text_body(app, request.into_body()).await?;
            let JsonBody { skill_md } = serde_json::from_str(&text).map_err(|error| {
                ApiError::validation(format!(
                    "skillMd: the body is not {{\"skillMd\": \"…\"}}: {error}."
                ))
            })?;
            Ok(SentSkill::Instructions(checked(skill_md)?))
        }
        _ => Err(ApiError::unsupported_media(
            "multipart/form-data, text/markdown or application/json",
        )),
    }
}

/// What the first field of a known name holds.
async fn from_form(
    mut form: Multipart,
    spool: Spool,
    unread: &Unread,
) -> Result<SentSkill, ApiError> {
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("package") => return package(field, spool, unread).await,
            Some("skillMd") => return skill_md(field, unread).await,
            _ => {}
        }
    }
    Err(ApiError::validation(
        "package: the form has no such field. Send the .skill file in it, or a SKILL.md in the field `skillMd`.",
    ))
}

async fn package(
    mut field: Field<'_>,
    mut spool: Spool,
    unread: &Unread,
) -> Result<SentSkill, ApiError> {
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        unread.take(chunk.len());
        if spool.size().saturating_add(chunk.len()) > MAX_PACKAGE_BYTES {
            return Err(ApiError::too_large(MAX_PACKAGE_BYTES));
        }
        spool.push(&chunk).await?;
    }
    Ok(SentSkill::Package(spool.finish().await?))
}

async fn skill_md(mut field: Field<'_>, unread: &Unread) -> Result<SentSkill, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        unread.take(chunk.len());
        if bytes.len() + chunk.len() > MAX_SKILL_MD {
            return Err(ApiError::too_large(MAX_SKILL_MD));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(SentSkill::Instructions(as_text(bytes)?))
}

/// A body that is a text.
async fn text_body(app: &App, body: Body) -> Result<String, ApiError> {
    let read = async {
        let bytes = to_bytes(body, MAX_TEXT_BODY).await;
        bytes.map_err(|_| ApiError::too_large(MAX_TEXT_BODY))
    };
    let bytes = in_time(app.connections().body_timeout, read).await??;
    as_text(bytes.into())
}

fn as_text(bytes: Vec<u8>) -> Result<String, ApiError> {
    String::from_utf8(bytes).map_err(|_| ApiError::validation("The text is not in UTF-8."))
}

fn checked(text: String) -> Result<String, ApiError> {
    match text.len() <= MAX_SKILL_MD {
        true => Ok(text),
        false => Err(ApiError::too_large(MAX_SKILL_MD)),
    }
}

async fn in_time<T>(patience: Duration, work: impl Future<Output = T>) -> Result<T, ApiError> {
    let done = tokio::time::timeout(patience, work).await;
    done.map_err(|_| {
        ApiError::validation(format!(
            "The upload did not end within {} s. Send it over a faster connection.",
            patience.as_secs()
        ))
    })
}

fn broken(error: MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(MAX_PACKAGE_BYTES),
        _ => ApiError::validation(format!("The form can't be read: {}.", error.body_text())),
    }
}
