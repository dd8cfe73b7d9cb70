//! A tool as a signature binds it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sha256_hex;

/// A tool's name with a digest of what a model is shown of it, so that a description cannot
/// change under a consent that was given to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDigest {
    /// The tool's name.
    pub name: String,
    /// SHA-256 of the canonical JSON `[name, description, input schema, output schema or null]`,
    /// as 64 lower-case hex digits.
    pub sha256: String,
}

impl ToolDigest {
    /// The digest of a tool. Schemas are compared by content: the order of keys does not matter.
    pub fn new(
        name: &str,
        description: &str,
        input_schema: &Value,
        output_schema: Option<&Value>,
    ) -> Self {
        let shown = json!([name, description, input_schema, output_schema]);
        let mut canonical = String::new();
        write_canonical(&shown, &mut canonical);
        Self {
            name: name.to_owned(),
            sha256: sha256_hex(canonical.as_bytes()),
        }
    }
}

/// JSON without white space, keys sorted. Written here, since the order of `serde_json`'s own maps
/// depends on a feature that any crate in the build may switch on.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, out);
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                separate(index, out);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_everything_else_does() {
        let schema = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let one = schema(r#"{"type":"object","properties":{"a":{},"b":{}}}"#);
        let same = schema(r#"{"properties":{"b":{},"a":{}},"type":"object"}"#);
        let digest = ToolDigest::new("t", "d", &one, None);
        assert_eq!(digest, ToolDigest::new("t", "d", &same, None));
        for other in [
            ToolDigest::new("u", "d", &one, None),
            ToolDigest::new("t", "e", &one, None),
            ToolDigest::new("t", "d", &schema("{}"), None),
            ToolDigest::new("t", "d", &one, Some(&one)),
        ] {
            assert_ne!(digest.sha256, other.sha256);
        }
    }

    #[test]
    fn the_digest_is_of_the_documented_text() {
        let digest = ToolDigest::new("t", "say \"hi\"", &json!({"b": [1, true], "a": null}), None);
        let text = r#"["t","say \"hi\"",{"a":null,"b":[1,true]},null]"#;
        assert_eq!(digest.sha256, sha256_hex(text.as_bytes()));
    }
}
