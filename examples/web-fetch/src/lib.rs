//! A web page's readable text. The host decides which sites, and puts the GitHub token in.

mod decode;
mod entities;
mod html;
mod part;
mod text;

use skillgate_sdk::prelude::*;

/// The largest page that is read: 2 MiB.
const MAX_PAGE: usize = 2 * 1024 * 1024;

/// Fetches a web page and gives its title and readable text, without markup.
///
/// Plain text and JSON come unchanged. A long page comes in parts; the last line says how to get
/// the next one.
#[tool(read_only, idempotent, open_world, title = "Fetch a page")]
pub fn fetch(
    /// The full address, such as `https://en.wikipedia.org/wiki/WebAssembly`.
    url: String,
    /// The character to start at, as the last line of the part before says; 0 when left out.
    #[serde(default)]
    start: usize,
) -> Result<String, ToolError> {
    let response = http::get(url.as_str())
        .header("accept", "text/html, application/json;q=0.9, text/*;q=0.8")
        // GitHub answers nobody who does not say who they are.
        .header(
            "user-agent",
            concat!("skillgate-web-fetch/", env!("CARGO_PKG_VERSION")),
        )
        .max_body(MAX_PAGE)
        .send()?
        .success()?;
    part::from(&text::readable(&response)?, start)
}

skillgate_sdk::skill!(fetch);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use skillgate_sdk::testing::{page, respond_with};

    fn fetched(content_type: &'static str, body: &'static str) -> Result<String, ToolError> {
        respond_with(move |_| Ok(page(200, content_type, body)));
        fetch("https://example.com/".to_owned(), 0)
    }

    #[test]
    fn a_page_becomes_text() {
        let body = "<html><head><title>A &amp; B</title><style>p{}</style></head>\
            <body><h1>Head</h1><p>One<br>two</p><script>if (a < b) {}</script><ul><li>x<li>y</ul></body>";
        assert_eq!(
            fetched("text/html; charset=utf-8", body),
            Ok("A & B\n\n# Head\n\nOne\ntwo\n\n- x\n- y".to_owned())
        );
    }

    #[test]
    fn json_and_plain_text_come_unchanged() {
        let body = "{\n  \"a\": \"<b>\"\n}";
        assert_eq!(
            fetched("application/vnd.github+json", body),
            Ok(body.to_owned())
        );
        assert_eq!(fetched("text/plain", "a < b"), Ok("a < b".to_owned()));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_type() {
        let error = fetched("image/png", "\u{1}").unwrap_err();
        assert_eq!(
            error,
            ToolError::failed("the answer is image/png, not text")
        );
    }

    #[test]
    fn a_missing_page_is_an_error() {
        respond_with(|_| Ok(page(404, "text/html", "<p>not here")));
        let error = fetch("https://example.com/x".to_owned(), 0).unwrap_err();
        assert_eq!(
            error,
            ToolError::failed("the site answered with status 404")
        );
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let error = call("fetch", json!({ "url": "example.com" })).unwrap_err();
        assert!(matches!(error, ToolError::InvalidArguments(_)), "{error:?}");
    }

    #[test]
    fn a_long_page_comes_in_parts() {
        respond_with(|_| Ok(page(200, "text/plain", "ä".repeat(30_000))));
        let first = fetch("https://example.com/".to_owned(), 0).unwrap();
        assert!(
            first.ends_with("[characters 0 to 20000 of 30000; call again with start 20000]"),
            "{first}"
        );
        let second = fetch("https://example.com/".to_owned(), 20_000).unwrap();
        assert_eq!(second, "ä".repeat(10_000));
        let error = fetch("https://example.com/".to_owned(), 30_001).unwrap_err();
        assert!(matches!(error, ToolError::InvalidArguments(_)), "{error:?}");
    }
}
