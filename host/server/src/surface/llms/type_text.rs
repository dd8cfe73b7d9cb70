//! JSON Schemas as short texts: `{"id": string, "name": string or null}`.

use serde_json::Value;

/// How deep a text shows what is in what; further in it says `object` or `array`.
const MAX_DEPTH: usize = 6;

/// The text of a schema. `document` has what its references refer to.
pub(super) fn type_text(schema: &Value, document: &Value) -> String {
    Writer { document }.text(schema, 0)
}

struct Writer<'a> {
    document: &'a Value,
}

impl Writer<'_> {
    fn text(&self, schema: &Value, depth: usize) -> String {
        if let Some(reference) = schema["$ref"].as_str() {
            let referred = self.document.pointer(reference.trim_start_matches('#'));
            return referred.map_or_else(|| "any".to_owned(), |one| self.text(one, depth));
        }
        for alternatives in [&schema["oneOf"], &schema["anyOf"]] {
            if let Some(all) = alternatives.as_array() {
                return self.alternatives(all, depth);
            }
        }
        if let Some(all) = schema["enum"].as_array() {
            return joined(all.iter().map(Value::to_string));
        }
        if let Some(only) = schema.get("const") {
            return only.to_string();
        }
        if let Some(content) = schema.get("contentSchema") {
            return self.text(content, depth);
        }
        match &schema["type"] {
            Value::Array(kinds) => joined(
                kinds
                    .iter()
                    .map(|kind| self.of_kind(kind.as_str().unwrap_or("any"), schema, depth)),
            ),
            Value::String(kind) => self.of_kind(kind, schema, depth),
            _ if schema.get("properties").is_some() => self.object(schema, depth),
            _ => "any".to_owned(),
        }
    }

    fn alternatives(&self, all: &[Value], depth: usize) -> String {
        joined(all.iter().map(|one| self.text(one, depth)))
    }

    fn of_kind(&self, kind: &str, schema: &Value, depth: usize) -> String {
        match kind {
            "object" if schema.get("properties").is_some() && depth < MAX_DEPTH => {
                self.object(schema, depth)
            }
            "array" if schema.get("items").is_some() && depth < MAX_DEPTH => {
                format!("[{}]", self.text(&schema["items"], depth + 1))
            }
            kind => kind.to_owned(),
        }
    }

    /// A name that may be absent ends in a question mark.
    fn object(&self, schema: &Value, depth: usize) -> String {
        let required = schema["required"].as_array();
        let is_required =
            |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields = fields.map(|(name, field)| {
            let mark = if is_required(name) { "" } else { "?" };
            format!("\"{name}\"{mark}: {}", self.text(field, depth + 1))
        });
        format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
    }
}

/// Alternatives, each once.
fn joined(all: impl Iterator<Item = String>) -> String {
    let mut distinct: Vec<String> = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct.join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_are_told_shortly() {
        let document = json!({ "components": { "schemas": { "Kind": { "enum": ["a", "b"] } } } });
        let schema = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "string" },
                "kind": { "anyOf": [{ "$ref": "#/components/schemas/Kind" }, { "type": "null" }] },
                "tags": { "type": "array", "items": { "type": ["string", "null"] } },
            },
        });
        assert_eq!(
            type_text(&schema, &document),
            r#"{"id": string, "kind"?: "a" or "b" or null, "tags"?: [string or null]}"#
        );
    }

    #[test]
    fn a_type_that_holds_itself_ends() {
        let document = json!({ "components": { "schemas": {
            "Node": { "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Node" } } },
        } } });
        let text = type_text(&json!({ "$ref": "#/components/schemas/Node" }), &document);
        assert!(text.ends_with("object}}}}}}"), "{text}");
    }
}
