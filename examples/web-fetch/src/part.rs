//! A long text, one part a call.

use skillgate_sdk::ToolError;

/// How many characters one part has at most: some 5000 tokens.
const PART: usize = 20_000;

/// The part that begins at character `start`, and how to go on when more follows.
pub(crate) fn from(text: &str, start: usize) -> Result<String, ToolError> {
    let length = text.chars().count();
    if start > length {
        let message = format!("`start` is {start}, and the text has {length} characters");
        return Err(ToolError::InvalidArguments(message));
    }
    let part: String = text.chars().skip(start).take(PART).collect();
    let end = start + PART;
    if end >= length {
        return Ok(part);
    }
    Ok(format!(
        "{part}\n\n[characters {start} to {end} of {length}; call again with start {end}]"
    ))
}
