//! What `#[tool]` and `skill!` make of functions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use skillgate_sdk::prelude::*;
use skillgate_sdk::{Annotations, Description};

/// Adds numbers.
///
/// Two of them.
#[tool(read_only, idempotent, title = "Add")]
fn add(
    /// The first.
    a: f64,
    /// The second; 1 when left out.
    b: Option<f64>,
    /// How to round.
    #[serde(default)]
    #[schemars(range(max = 9))]
    places: u8,
) -> Json<Sum> {
    let factor = 10_f64.powi(places.into());
    Json(Sum {
        sum: ((a + b.unwrap_or(1.0)) * factor).round() / factor,
    })
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    /// The sum.
    sum: f64,
}

#[derive(Deserialize, JsonSchema)]
struct Note {
    title: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// Stores a note.
#[tool(name = "store-note", destructive, open_world)]
fn store(#[arguments] note: Note) -> String {
    format!("{} {:?}", note.title, note.tags)
}

/// Reads a number.
#[tool]
fn read(text: String) -> Result<Json<Vec<u32>>, ToolError> {
    Ok(Json(vec![text.parse()?]))
}

/// Does nothing.
#[tool]
fn rest() {}

skillgate_sdk::skill!(add, store, read, rest);

fn described(name: &str) -> Description {
    tools().into_iter().find(|tool| tool.name == name).unwrap()
}

#[test]
fn parameters_become_the_input_schema() {
    let tool = described("add");
    assert_eq!(tool.description, "Adds numbers.\n\nTwo of them.");
    assert_eq!(tool.title, Some("Add"));
    let schema = tool.input_schema;
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["required"], json!(["a"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["a"]["description"], "The first.");
    assert_eq!(schema["properties"]["b"]["type"], json!(["number", "null"]));
    assert_eq!(schema["properties"]["places"]["maximum"], 9);
}

#[test]
fn annotations_are_what_was_written() {
    let expected = Annotations {
        read_only: true,
        idempotent: true,
        ..Annotations::default()
    };
    assert_eq!(described("add").annotations, expected);
    let expected = Annotations {
        destructive: true,
        open_world: true,
        ..Annotations::default()
    };
    assert_eq!(described("store-note").annotations, expected);
    assert_eq!(described("rest").annotations, Annotations::default());
}

#[test]
fn json_is_text_and_structured_with_its_schema() {
    let output = call("add", json!({ "a": 1.26, "places": 1 })).unwrap();
    assert_eq!(output.text(), r#"{"sum":2.3}"#);
    assert_eq!(output.structured.as_deref(), Some(r#"{"sum":2.3}"#));
    let schema = described("add").output_schema.unwrap();
    assert_eq!(schema["properties"]["sum"]["description"], "The sum.");
}

#[test]
fn json_that_is_no_object_is_text_only() {
    let output = call("read", json!({ "text": "7" })).unwrap();
    assert_eq!((output.text().as_str(), output.structured), ("[7]", None));
    assert_eq!(described("read").output_schema, None);
}

#[test]
fn one_struct_can_be_all_arguments() {
    let output = call("store-note", json!({ "title": "x", "tags": ["y"] })).unwrap();
    assert_eq!(output.text(), r#"x ["y"]"#);
    assert_eq!(
        described("store-note").input_schema["required"],
        json!(["title"])
    );
}

#[test]
fn a_tool_without_arguments_takes_an_empty_object() {
    assert_eq!(call("rest", json!({})).unwrap().text(), "Done.");
    assert_eq!(described("rest").input_schema["properties"], json!({}));
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    for (arguments, named) in [
        (json!({}), "missing field `a`"),
        (json!({ "a": "1" }), "invalid type: string"),
        (json!({ "a": 1, "c": 2 }), "unknown field `c`"),
        (json!([1]), "the arguments do not fit"),
    ] {
        match call("add", arguments) {
            Err(ToolError::InvalidArguments(message)) => {
                assert!(message.contains(named), "{message}");
            }
            other => panic!("{named}: {other:?}"),
        }
    }
}

#[test]
fn a_standard_error_becomes_a_failure_with_its_reason() {
    let error = call("read", json!({ "text": "x" })).unwrap_err();
    assert_eq!(error, ToolError::failed("invalid digit found in string"));
}

#[test]
fn an_unknown_tool_is_answered_with_those_there_are() {
    let error = call("subtract", json!({})).unwrap_err();
    let message = "there is no tool `subtract`; there are: add, store-note, read, rest";
    assert_eq!(error, ToolError::invalid_arguments(message));
}
