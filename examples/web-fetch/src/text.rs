//! What a model can read of an answer.

use skillgate_sdk::ToolError;
use skillgate_sdk::http::Response;

use crate::{decode, html};

/// The readable text, by the content type; without one, by a look at the body.
pub(crate) fn readable(response: &Response) -> Result<String, ToolError> {
    let content_type = response
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let text = decode::decode(&response.body, &content_type);
    match kind {
        "text/html" | "application/xhtml+xml" => Ok(html::text(&text)),
        "" if text.trim_start().starts_with('<') => Ok(html::text(&text)),
        "" => Ok(text),
        _ if is_text(kind) => Ok(text),
        _ => Err(ToolError::Failed(format!("the answer is {kind}, not text"))),
    }
}

fn is_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || kind.ends_with("json")
        || kind.ends_with("xml")
        || matches!(
            kind,
            "application/javascript" | "application/yaml" | "application/toml"
        )
}
