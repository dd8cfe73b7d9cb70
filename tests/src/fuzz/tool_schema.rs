//! JSON Schemas that skills list, and arguments that are checked with them.

use skillgate_runtime::check_tool_schema;

/// Errors quote what was wrong, cut to this many bytes; the rest is our own words.
const MAX_ERROR: usize = 4096;

/// The first line of the input is a tool's input schema, the rest is a call's arguments.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (schema, arguments) = text.split_once('\n').unwrap_or((text, "{}"));
    if let Err(error) = check_tool_schema(schema, arguments) {
        assert!(
            error.len() <= MAX_ERROR,
            "an error of {} bytes",
            error.len()
        );
    }
}
