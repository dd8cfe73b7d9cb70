//! Answers for handlers that panic.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::ApiError;

/// Answers 500; the panic's message is for the log alone.
pub(crate) fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    ApiError::internal(format!("a handler panicked: {}", text.unwrap_or_default())).into_response()
}
