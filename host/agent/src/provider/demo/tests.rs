use serde_json::{Value, json};

use super::{WHO, reply};
use crate::{AnswerLimits, Message, Part, Request, Role, ToolOrigin, ToolSpec};

fn tool(name: &str, required: &[&str]) -> ToolSpec {
    let properties = required
        .iter()
        .map(|key| ((*key).to_owned(), json!({"type": "string"})));
    let properties = Value::Object(properties.collect());
    ToolSpec {
        name: name.into(),
        description: "Does it.\nIn detail.".into(),
        input_schema: json!({"type": "object", "properties": properties, "required": required}),
        idempotent: false,
        read_only: false,
        origin: ToolOrigin::default(),
    }
}

fn reply_to(message: Message) -> Part {
    let tools = vec![
        tool("calculator__evaluate", &["expression"]),
        tool("notes__add", &["title", "text"]),
        tool("notes__list", &[]),
        tool("web-fetch__fetch", &["url"]),
    ];
    let request = Request {
        model: "demo".into(),
        system: String::new(),
        messages: vec![message],
        tools,
        max_tokens: 100,
        limits: AnswerLimits::default(),
    };
    reply(&request).0
}

#[track_caller]
fn calls(message: &str, tool: &str, arguments: Value) {
    let Part::ToolCall {
        name,
        arguments: given,
        ..
    } = reply_to(Message::user(message))
    else {
        panic!("no call: {message}");
    };
    assert_eq!((name.as_str(), given), (tool, arguments));
}

fn text(message: &str) -> String {
    match reply_to(Message::user(message)) {
        Part::Text { text } => text,
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn a_tool_is_found_by_each_of_its_names() {
    let product = json!({"expression": "(2+3)*7"});
    for message in [
        "evaluate (2+3)*7",
        "Calculator__Evaluate: (2+3)*7",
        "Please use the calculator evaluate (2+3)*7.",
        "calculator (2+3)*7 ?",
        "calculator {\"expression\": \"(2+3)*7\"}",
    ] {
        calls(message, "calculator__evaluate", product.clone());
    }
    calls("list my notes", "notes__list", json!({}));
    let url = json!({"url": "https://example.com/a?b=c"});
    calls("fetch https://example.com/a?b=c", "web-fetch__fetch", url);
    let note = json!({"title": "milk", "text": "buy {two}"});
    calls(&format!("add {note}"), "notes__add", note);
}

#[test]
fn part_of_a_word_names_nothing() {
    let said = text("reevaluate the listing");
    assert!(said.starts_with(WHO));
    assert!(said.contains("- `calculator__evaluate {\"expression\":\"…\"}`: Does it.\n"));
    assert!(said.contains("`notes__list {}`"));
}

#[test]
fn missing_arguments_are_asked_for_with_an_example() {
    let add = text("add milk");
    assert!(
        add.contains("`notes__add {")
            && add.contains("\"title\":\"…\"")
            && add.contains("\"text\":\"…\"")
    );
    assert!(text("evaluate").contains("`calculator__evaluate {\"expression\":\"…\"}`"));
}

#[test]
fn a_result_is_told() {
    let result = Part::ToolResult {
        id: "x".into(),
        name: "calculator__evaluate".into(),
        content: "35".into(),
        is_error: false,
    };
    let message = Message {
        role: Role::User,
        parts: vec![result],
    };
    let Part::Text { text } = reply_to(message) else {
        panic!("no text");
    };
    assert!(text.starts_with("`calculator__evaluate` answered:\n\n35\n"));
    assert!(text.contains("no language model"));
}
