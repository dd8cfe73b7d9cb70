//! The tools of the skill {{name}}. What the model reads about them stands in the doc comments.

use skillgate_sdk::prelude::*;

/// Greets somebody by name.
#[tool(read_only, idempotent)]
fn greet(
    /// Who to greet.
    name: String,
) -> Result<String, ToolError> {
    match name.trim() {
        "" => Err(ToolError::invalid_arguments("`name` is empty: give the name of a person")),
        name => Ok(format!("Hello, {name}!")),
    }
}

skillgate_sdk::skill!(greet);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn greets_by_name() {
        let output = call("greet", json!({ "name": "Ada" })).unwrap();
        assert_eq!(output.text(), "Hello, Ada!");
    }

    #[test]
    fn asks_for_a_name_when_there_is_none() {
        let error = call("greet", json!({ "name": " " })).unwrap_err();
        assert!(error.message().contains("name"));
    }
}
