//! The web is what the test says it is.

use std::cell::RefCell;

use crate::ToolError;
use crate::http::{Request, Response};

/// Answers requests in place of the web.
pub(crate) type Handler = Box<dyn Fn(&Request) -> Result<Response, ToolError>>;

thread_local! {
    pub(crate) static HANDLER: RefCell<Option<Handler>> = const { RefCell::new(None) };
}

pub(crate) fn send(request: Request) -> Result<Response, ToolError> {
    let response = HANDLER.with_borrow(|handler| match handler {
        Some(handler) => handler(&request),
        None => Err(ToolError::unavailable(
            "there is no web here; a test sets one with skillgate_sdk::testing::respond_with",
        )),
    })?;
    if response.body.len() > request.max_body {
        return Err(request.body_too_large());
    }
    Ok(response)
}
