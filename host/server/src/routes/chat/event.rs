//! The events of a chat, as the document describes them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// One event of a chat: an object whose `type` names what happened. What the run sends is written as JSON where it is made;
/// `tests/it/api/matrix.rs` compares it with this.
pub(crate) struct ChatEvent;

impl JsonSchema for ChatEvent {
    fn schema_name() -> Cow<'static, str> {
        "ChatEvent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            event("text", "A further piece of the answer.", &[("content", "string")]),
            event("tool_call", "A tool is about to run.", &[
                ("id", "string"), ("name", "string"), ("arguments", "any"),
                ("skillId", "string or null"), ("skillVersion", "string or null"),
            ]),
            event("tool_result", "A tool has ended.", &[
                ("id", "string"), ("name", "string"), ("content", "string"), ("isError", "boolean"),
                ("skillId", "string or null"), ("skillVersion", "string or null"),
            ]),
            event("usage", "What the whole run used.", &[
                ("inputTokens", "integer"), ("outputTokens", "integer"),
            ]),
            event("done", "The run ended.", &[("runId", "string"), ("stopReason", "string")]),
            event("error", "The run failed.", &[("code", "string"), ("message", "string")]),
        ] })
    }
}

/// The schema of one kind of event with these fields, all of which it has.
fn event(kind: &str, about: &str, fields: &[(&str, &str)]) -> Value {
    let mut properties = Map::from_iter([("type".to_owned(), json!({ "const": kind }))]);
    for (name, types) in fields {
        let schema = match *types {
            "any" => json!({}),
            types => json!({ "type": types.split(" or ").collect::<Vec<_>>() }),
        };
        properties.insert((*name).to_owned(), schema);
    }
    let required: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "description": about, "required": required, "properties": properties })
}
