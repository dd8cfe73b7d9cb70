//! Sets up the host that a native unit test sees. All of it belongs to the calling thread, and
//! Rust's test harness gives each test its own.

use crate::ToolError;
use crate::host;
use crate::http::{Request, Response};

/// Answers the requests of [`crate::http`]; without it there is no web.
///
/// ```
/// use skillgate_sdk::{http, testing};
///
/// testing::respond_with(|request| {
///     assert_eq!(request.url(), "https://example.com/");
///     Ok(testing::page(200, "text/plain", "hello"))
/// });
/// assert_eq!(http::get("https://example.com/").send().unwrap().text(), "hello");
/// ```
pub fn respond_with(handler: impl Fn(&Request) -> Result<Response, ToolError> + 'static) {
    host::http::HANDLER.set(Some(Box::new(handler)));
}

/// An answer with a content type and a body.
pub fn page(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Response {
        status,
        headers,
        body: body.into(),
    }
}

/// Makes [`crate::secrets::exists`] true for this name.
pub fn add_secret(name: &str) {
    host::secrets::NAMES.with_borrow_mut(|names| names.insert(name.to_owned()));
}

/// Back to the beginning: no web, no secrets, no keys, no files.
pub fn reset() {
    host::http::HANDLER.set(None);
    host::secrets::NAMES.take();
    host::kv::STORE.take();
    host::files::ROOT.set(None);
}
