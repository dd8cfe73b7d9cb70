//! What a skill says its tools are, checked once when the skill is loaded.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::config::SchemaLimits;
use crate::schema::{Budget, Schema};
use crate::sink::cut;

/// One tool, as MCP's `tools/list` shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// Unique within the skill: 1 to 64 of `a-z A-Z 0-9 _ -`.
    pub name: String,
    /// A short name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What the tool does, for the model.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments; its type is `object`.
    pub input_schema: Value,
    /// JSON Schema 2020-12 of the structured result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Hints on what a call does.
    pub annotations: Annotations,
}

/// The author's hints on a tool. Not checked: an untrusted skill may lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Annotations {
    /// Changes nothing outside the sandbox.
    #[serde(rename = "readOnlyHint")]
    pub read_only: bool,
    /// May delete or overwrite what was there.
    #[serde(rename = "destructiveHint")]
    pub destructive: bool,
    /// A second call with the same arguments changes nothing more.
    #[serde(rename = "idempotentHint")]
    pub idempotent: bool,
    /// Reaches things outside the host, such as the web.
    #[serde(rename = "openWorldHint")]
    pub open_world: bool,
}

/// The most tools in one skill.
const MAX_TOOLS: usize = 128;
/// The longest description and the longest schema, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// The longest title, in bytes.
const MAX_TITLE: usize = 256;

/// The tools of a skill, each with its schemas ready to check with.
#[derive(Default)]
pub(crate) struct ListedTools {
    tools: Vec<Tool>,
    schemas: Vec<Schemas>,
}

/// One tool's schemas, compiled.
pub(crate) struct Schemas {
    pub(crate) input: Arc<Schema>,
    pub(crate) output: Option<Arc<Schema>>,
}

impl ListedTools {
    /// Checks what `list-tools` gave. The error says which tool is wrong, and how. Compiles
    /// schemas, which recurses: runs on a thread with a large stack.
    pub(crate) fn check(listed: Vec<wit::Tool>, limits: &SchemaLimits) -> Result<Self, String> {
        if listed.len() > MAX_TOOLS {
            return Err(format!(
                "it lists {} tools; at most {MAX_TOOLS} are allowed",
                listed.len()
            ));
        }
        let mut checked = Self::default();
        let mut budget = Budget::new(limits);
        for tool in listed {
            // A bad name may be as long as the whole list.
            let name = cut(&tool.name).to_owned();
            let (tool, schemas) =
                check_tool(tool, &mut budget).map_err(|wrong| format!("tool {name:?}: {wrong}"))?;
            if checked.tools.iter().any(|other| other.name == tool.name) {
                return Err(format!(
                    "tool {name:?} is listed twice; names must be unique"
                ));
            }
            checked.tools.push(tool);
            checked.schemas.push(schemas);
        }
        Ok(checked)
    }

    pub(crate) fn as_slice(&self) -> &[Tool] {
        &self.tools
    }

    /// The schemas of the tool called `name`.
    pub(crate) fn schemas(&self, name: &str) -> Option<&Schemas> {
        let place = self.tools.iter().position(|tool| tool.name == name)?;
        self.schemas.get(place)
    }
}

fn check_tool(tool: wit::Tool, budget: &mut Budget<'_>) -> Result<(Tool, Schemas), String> {
    check_name(&tool.name)?;
    check_length("description", &tool.description, MAX_TEXT)?;
    check_length(
        "title",
        tool.title.as_deref().unwrap_or_default(),
        MAX_TITLE,
    )?;
    budget
        .add_text(shown_bytes(&tool))
        .map_err(|wrong| format!("with it, the skill {wrong}"))?;
    let (input_schema, input) = schema("input schema", &tool.input_schema, budget)?;
    if input_schema.get("type").and_then(Value::as_str) != Some("object") {
        return Err("its input schema must have \"type\": \"object\"".into());
    }
    let output = tool
        .output_schema
        .map(|text| schema("output schema", &text, budget))
        .transpose()?;
    let (output_schema, output) = output.unzip();
    let annotations = Annotations {
        read_only: tool.annotations.read_only,
        destructive: tool.annotations.destructive,
        idempotent: tool.annotations.idempotent,
        open_world: tool.annotations.open_world,
    };
    let checked = Tool {
        name: tool.name,
        title: tool.title,
        description: tool.description,
        input_schema,
        output_schema,
        annotations,
    };
    Ok((checked, Schemas { input, output }))
}

/// How many bytes of a tool a model or a user is shown.
fn shown_bytes(tool: &wit::Tool) -> usize {
    tool.name.len()
        + tool.description.len()
        + tool.input_schema.len()
        + tool.title.as_ref().map_or(0, String::len)
        + tool.output_schema.as_ref().map_or(0, String::len)
}

fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match (1..=64).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err("a name has 1 to 64 of a-z A-Z 0-9 _ -".into()),
    }
}

fn check_length(what: &str, text: &str, most: usize) -> Result<(), String> {
    match text.len() <= most {
        true => Ok(()),
        false => Err(format!(
            "its {what} has {} bytes; at most {most} are allowed",
            text.len()
        )),
    }
}

/// Parses and compiles a schema.
fn schema(what: &str, text: &str, budget: &mut Budget<'_>) -> Result<(Value, Arc<Schema>), String> {
    check_length(what, text, MAX_TEXT)?;
    let (listed, schema) =
        Schema::compile(text, budget).map_err(|wrong| format!("its {what} {wrong}"))?;
    Ok((listed, Arc::new(schema)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str, input_schema: &str) -> wit::Tool {
        wit::Tool {
            name: name.into(),
            title: None,
            description: "d".into(),
            input_schema: input_schema.into(),
            output_schema: None,
            annotations: wit::Annotations {
                read_only: true,
                destructive: false,
                idempotent: true,
                open_world: false,
            },
        }
    }

    fn check(tools: Vec<wit::Tool>) -> Result<ListedTools, String> {
        ListedTools::check(tools, &SchemaLimits::default())
    }

    fn wrong(tools: Vec<wit::Tool>) -> String {
        check(tools).err().unwrap()
    }

    #[test]
    fn a_good_tool_keeps_its_schema() {
        let text = r#"{"type":"object","required":["a"],"title":"kept"}"#;
        let tools = check(vec![listed("add", text)]).unwrap();
        assert_eq!(
            tools.as_slice()[0].input_schema,
            serde_json::from_str::<Value>(text).unwrap()
        );
        assert!(tools.schemas("add").is_some());
        assert!(tools.schemas("sub").is_none());
    }

    #[test]
    fn a_bad_tool_is_named_with_what_is_wrong() {
        let object = r#"{"type":"object"}"#;
        assert!(wrong(vec![listed("a b", object)]).contains(r#"tool "a b": a name has"#));
        assert!(wrong(vec![listed("", object)]).contains("a name has"));
        assert!(wrong(vec![listed("a", object), listed("a", object)]).contains("listed twice"));
        assert!(wrong(vec![listed("a", "{")]).contains("is no JSON"));
        assert!(wrong(vec![listed("a", r#"{"type":"string"}"#)]).contains(r#""type": "object""#));
        assert!(
            wrong(vec![listed(
                "a",
                r#"{"type":"object","properties":{"x":{"type":"nope"}}}"#
            )])
            .contains("no JSON Schema")
        );
        assert!(
            wrong(vec![listed(
                "a",
                r#"{"type":"object","$ref":"https://example.com/x"}"#
            )])
            .contains(r#"tool "a": its input schema has the `$ref` "https://example.com/x""#)
        );
        assert!(
            wrong(vec![listed("a", &format!("\"{}\"", "x".repeat(MAX_TEXT)))]).contains("at most")
        );
    }

    #[test]
    fn a_bad_name_is_quoted_cut() {
        let told = wrong(vec![listed(&"é".repeat(100_000), "{}")]);
        assert!(told.len() < 5_000, "{} bytes", told.len());
    }

    #[test]
    fn all_tools_together_have_a_size() {
        let object = r#"{"type":"object"}"#;
        let long = |name: &str| wit::Tool {
            description: "x".repeat(MAX_TEXT),
            ..listed(name, object)
        };
        let told = wrong(vec![long("a"), long("b"), long("c"), long("d")]);
        assert_eq!(
            told,
            r#"tool "d": with it, the skill has more than 262144 bytes of names, descriptions and schemas; shorten them, or make two skills"#
        );
    }
}
