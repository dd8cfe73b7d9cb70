//! What docs/versioning.md promises: a client that was written from the last release goes on working.

use serde_json::{Value, json};
use skillgate_tests::breaking_changes::breaking_changes;

const RELEASED: &str = include_str!("../../../docs/openapi.released.json");
const CURRENT: &str = include_str!("../../../docs/openapi.json");

/// The part of a version that stands for what may break: the major number, or the minor one before 1.0.
fn breaking_part(document: &Value) -> String {
    let version = document["info"]["version"].as_str().unwrap();
    let mut numbers = version.split('.');
    match numbers.next() {
        Some("0") => format!("0.{}", numbers.next().unwrap()),
        major => major.unwrap().to_owned(),
    }
}

#[test]
fn nothing_breaks_within_a_major_version() {
    let released: Value = serde_json::from_str(RELEASED).unwrap();
    let current: Value = serde_json::from_str(CURRENT).unwrap();
    if breaking_part(&released) == breaking_part(&current) {
        let broken = breaking_changes(&released, &current);
        assert!(
            broken.is_empty(),
            "These changes break clients. See docs/versioning.md:\n{}",
            broken.join("\n")
        );
    }
}

/// A document with one operation, whose body and answer are one thing.
fn document(thing: Value) -> Value {
    json!({
        "info": { "version": "1.0.0" },
        "paths": { "/things": { "post": {
            "parameters": [{ "in": "query", "name": "limit", "schema": { "type": "integer", "maximum": 100 } }],
            "requestBody": { "content": { "application/json": { "schema": thing } } },
            "responses": { "201": { "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/Thing" }
            } } } },
        } } },
        "components": { "schemas": { "Thing": {
            "type": "object",
            "properties": { "id": { "type": "string" }, "parent": { "$ref": "#/components/schemas/Thing" } },
            "required": ["id"],
        } } },
    })
}

fn thing() -> Value {
    json!({
        "type": "object",
        "properties": { "name": { "type": "string", "maxLength": 100 }, "kind": { "enum": ["a", "b"] } },
        "required": ["name"],
    })
}

/// The changes that stand between a document and itself with one value put in, or taken out by `null`.
fn changes(pointer: &str, value: Value) -> Vec<String> {
    let released = document(thing());
    let mut current = released.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = &name.replace("~1", "/");
    let parent = current.pointer_mut(parent).unwrap().as_object_mut();
    match value {
        Value::Null => parent.unwrap().remove(name),
        value => parent.unwrap().insert(name.to_owned(), value),
    };
    breaking_changes(&released, &current)
}

const OPERATION: &str = "/paths/~1things/post";
const BODY: &str = "/paths/~1things/post/requestBody/content/application~1json/schema";
const ANSWER: &str = "/components/schemas/Thing";

#[test]
fn additions_break_nobody() {
    assert_eq!(
        breaking_changes(&document(thing()), &document(thing())),
        [""; 0]
    );
    let url = json!({ "type": "string" });
    let more = json!(["a", "b", "c"]);
    assert_eq!(
        changes(&format!("{ANSWER}/properties/url"), url.clone()),
        [""; 0]
    );
    assert_eq!(
        changes(&format!("{ANSWER}/required"), json!(["id", "parent"])),
        [""; 0]
    );
    assert_eq!(changes(&format!("{BODY}/properties/url"), url), [""; 0]);
    assert_eq!(
        changes(&format!("{BODY}/properties/kind/enum"), more),
        [""; 0]
    );
    assert_eq!(
        changes(&format!("{BODY}/properties/name/maxLength"), json!(200)),
        [""; 0]
    );
    assert_eq!(changes(&format!("{BODY}/required"), json!([])), [""; 0]);
}

#[test]
fn what_a_client_relies_on_may_not_go() {
    let nothing = Value::Null;
    for (pointer, value, found) in [
        (
            "/paths/~1things".to_owned(),
            nothing.clone(),
            "post /things is gone",
        ),
        (
            format!("{OPERATION}/parameters"),
            nothing.clone(),
            "post /things \"limit\" is not taken any more",
        ),
        (
            format!("{OPERATION}/responses/201"),
            nothing.clone(),
            "post /things 201 application/json is gone",
        ),
        (
            format!("{ANSWER}/properties/id"),
            nothing.clone(),
            "post /things 201 application/json.id is gone",
        ),
        (
            format!("{ANSWER}/required"),
            json!([]),
            "post /things 201 application/json.id may be absent now",
        ),
        (
            format!("{ANSWER}/properties/id/type"),
            json!(["string", "null"]),
            "post /things 201 application/json.id is of another type",
        ),
        (
            format!("{BODY}/properties/name"),
            nothing,
            "post /things body application/json.name is gone",
        ),
        (
            format!("{BODY}/properties/name/maxLength"),
            json!(99),
            "post /things body application/json.name has tighter bounds",
        ),
        (
            format!("{BODY}/properties/kind/enum"),
            json!(["a"]),
            "post /things body application/json.kind takes fewer values",
        ),
        (
            format!("{BODY}/required"),
            json!(["name", "kind"]),
            "post /things body application/json.kind is required now",
        ),
        (
            format!("{OPERATION}/requestBody/required"),
            json!(true),
            "post /things body is required now",
        ),
    ] {
        assert_eq!(changes(&pointer, value), [found], "{pointer}");
    }
}

#[test]
fn what_was_deprecated_in_a_release_may_go_in_the_next() {
    let mut released = document(thing());
    released["paths"]["/things"]["post"]["deprecated"] = json!(true);
    let current = json!({ "paths": {} });
    assert_eq!(breaking_changes(&released, &current), [""; 0]);
}
