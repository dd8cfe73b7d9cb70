//! A tool as a signature binds it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::canonical::canonical_json;
use super::sha256_hex;

/// A tool's name with a digest of everything that a host or a model acts on, so that neither a
/// description nor a hint can change under a consent that was given to another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDigest {
    /// The tool's name.
    pub name: String,
    /// SHA-256, as 64 lower-case hex digits, of the canonical JSON (no white space, keys sorted) of
    /// `{"annotations": {"destructiveHint", "idempotentHint", "openWorldHint", "readOnlyHint"},
    /// "description", "inputSchema", "name", "outputSchema", "title"}`: all members present, `null`
    /// for a title or an output schema that the tool does not have.
    pub sha256: String,
}

/// All that a tool says of itself.
#[derive(Debug, Clone, Copy)]
pub struct ToolFacts<'a> {
    /// Its name, unique within the skill.
    pub name: &'a str,
    /// A short name for people.
    pub title: Option<&'a str>,
    /// What it does, for the model.
    pub description: &'a str,
    /// JSON Schema of the arguments.
    pub input_schema: &'a Value,
    /// JSON Schema of the structured result.
    pub output_schema: Option<&'a Value>,
    /// What a call does. A host acts on these: whether a person is asked first, whether a call that
    /// a crash cut short is made again.
    pub hints: ToolHints,
}

/// A tool's hints, as MCP names them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ToolHints {
    /// Changes nothing outside the sandbox.
    pub read_only: bool,
    /// May delete or overwrite what was there.
    pub destructive: bool,
    /// A second call with the same arguments changes nothing more.
    pub idempotent: bool,
    /// Reaches things outside the host.
    pub open_world: bool,
}

impl ToolDigest {
    /// The digest of a tool. Schemas are compared by content: the order of keys does not matter.
    pub fn of(tool: &ToolFacts<'_>) -> Self {
        let facts = json!({
            "annotations": {
                "destructiveHint": tool.hints.destructive,
                "idempotentHint": tool.hints.idempotent,
                "openWorldHint": tool.hints.open_world,
                "readOnlyHint": tool.hints.read_only,
            },
            "description": tool.description,
            "inputSchema": tool.input_schema,
            "name": tool.name,
            "outputSchema": tool.output_schema,
            "title": tool.title,
        });
        Self {
            name: tool.name.to_owned(),
            sha256: sha256_hex(canonical_json(&facts).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn facts(input_schema: &Value) -> ToolFacts<'_> {
        ToolFacts {
            name: "t",
            title: None,
            description: "d",
            input_schema,
            output_schema: None,
            hints: ToolHints::default(),
        }
    }

    #[test]
    fn the_order_of_keys_does_not_matter() {
        let one = schema(r#"{"type":"object","properties":{"a":{},"b":{}}}"#);
        let same = schema(r#"{"properties":{"b":{},"a":{}},"type":"object"}"#);
        assert_eq!(ToolDigest::of(&facts(&one)), ToolDigest::of(&facts(&same)));
    }

    #[test]
    fn everything_else_matters() {
        let (one, other) = (schema(r#"{"type":"object"}"#), schema("{}"));
        let facts = facts(&one);
        let with = |hints| ToolFacts { hints, ..facts };
        let none = ToolHints::default();
        let changed = [
            ToolFacts { name: "u", ..facts },
            ToolFacts {
                title: Some("T"),
                ..facts
            },
            ToolFacts {
                title: Some(""),
                ..facts
            },
            ToolFacts {
                description: "e",
                ..facts
            },
            ToolFacts {
                input_schema: &other,
                ..facts
            },
            ToolFacts {
                output_schema: Some(&one),
                ..facts
            },
            with(ToolHints {
                read_only: true,
                ..none
            }),
            with(ToolHints {
                destructive: true,
                ..none
            }),
            with(ToolHints {
                idempotent: true,
                ..none
            }),
            with(ToolHints {
                open_world: true,
                ..none
            }),
        ];
        let mut digests: Vec<_> = changed
            .iter()
            .map(|one| ToolDigest::of(one).sha256)
            .collect();
        digests.push(ToolDigest::of(&facts).sha256);
        let all = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }

    #[test]
    fn the_digest_is_of_the_documented_text() {
        let input = json!({"b": [1, true], "a": null});
        let digest = ToolDigest::of(&ToolFacts {
            description: "say \"hi\"",
            hints: ToolHints {
                idempotent: true,
                ..ToolHints::default()
            },
            ..facts(&input)
        });
        let text = concat!(
            r#"{"annotations":{"destructiveHint":false,"idempotentHint":true,"openWorldHint":false,"readOnlyHint":false},"#,
            r#""description":"say \"hi\"","inputSchema":{"a":null,"b":[1,true]},"name":"t","outputSchema":null,"title":null}"#
        );
        assert_eq!(digest.sha256, sha256_hex(text.as_bytes()));
    }
}
