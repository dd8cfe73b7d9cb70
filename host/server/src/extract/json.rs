//! A JSON body.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody, JsonRejection};
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ApiError, App};

/// The most bytes of a JSON body.
pub(crate) const JSON_LIMIT: usize = 1 << 20;

/// A JSON body of type `T`: 415 when it is not declared as JSON, 413 above [`JSON_LIMIT`], 400 naming field, line and
/// column when it does not fit, 400 when it is not there within [`ConnectionLimits::body_timeout`](crate::ConnectionLimits).
pub(crate) struct Json<T>(pub T);

/// The same, or nothing at all, which is the default of `T`.
pub(crate) struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let declared = is_json(&request);
        let bytes = read_body(request, app).await?;
        parse(&bytes, declared).map(Self)
    }
}

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let declared = is_json(&request);
        let bytes = read_body(request, app).await?;
        if bytes.is_empty() {
            Ok(Self(T::default()))
        } else {
            parse(&bytes, declared).map(Self)
        }
    }
}

/// The whole body, within the time that one may take.
pub(crate) async fn read_body(request: Request, app: &App) -> Result<Bytes, ApiError> {
    let patience = app.connections().body_timeout;
    match tokio::time::timeout(patience, Bytes::from_request(request, app)).await {
        Ok(read) => read.map_err(unread),
        Err(_) => Err(ApiError::validation(format!(
            "The body did not end within {} s. Send it in one go, over a faster connection.",
            patience.as_secs_f32()
        ))),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8], declared: bool) -> Result<T, ApiError> {
    if !declared {
        return Err(ApiError::unsupported_media("application/json"));
    }
    refuse_nul(bytes)?;
    let parsed = axum::Json::<T>::from_bytes(bytes);
    parsed
        .map(|axum::Json(value)| value)
        .map_err(|error| refused(&error))
}

/// Why a body could not be parsed. A key that is there twice is malformed whatever its type, so it is no misfit; serde has
/// no kind of error of its own for it.
fn refused(error: &JsonRejection) -> ApiError {
    let text = error.body_text();
    match error {
        JsonRejection::JsonDataError(_) if !text.contains("duplicate field `") => {
            ApiError::misfit(text)
        }
        _ => ApiError::validation(text),
    }
}

fn is_json(request: &Request) -> bool {
    let declared = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = declared
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Why a body could not be read, as the caller is told it.
fn unread(error: BytesRejection) -> ApiError {
    match error {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            ApiError::too_large(JSON_LIMIT)
        }
        other => {
            ApiError::validation("The body broke off before its end. Send it again.").because(other)
        }
    }
}

/// U+0000 can't be kept as text by every database, so no text may hold it.
fn refuse_nul(bytes: &[u8]) -> Result<(), ApiError> {
    let suspicious = bytes.windows(6).any(|window| window == br"\u0000");
    if suspicious && serde_json::from_slice::<Value>(bytes).is_ok_and(|value| holds_nul(&value)) {
        return Err(ApiError::validation(
            "The body holds the character U+0000, which no text may hold. Leave it out.",
        ));
    }
    Ok(())
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_refused_where_it_is_one() {
        assert!(refuse_nul(br#"{"a":["x\u0000"]}"#).is_err());
        assert!(refuse_nul(br#"{"a\u0000":1}"#).is_err());
        assert!(refuse_nul(br#"{"a":"\\u0000"}"#).is_ok());
    }
}
