//! From provider-neutral messages to the body of `POST /v1/messages`.
//!
//! Source of the form: the vendor's API reference, "Messages" and "Prompt caching".

use serde_json::{Map, Value, json};

use super::NAME;
use crate::untrusted_text::fence_untrusted_text;
use crate::{Message, Part, Request, Role, ToolSpec};

/// The JSON body, with `stream: true`. Two places are marked for the provider's cache: the system prompt
/// (with the tools, which come before it) and the end of the conversation.
pub(super) fn body(request: &Request) -> Value {
    let mut body = json!({
        "model": request.model,
        "max_tokens": request.max_tokens,
        "stream": true,
        "messages": messages(&request.messages),
    });
    if !request.system.is_empty() {
        body["system"] = json!([cached(json!({"type": "text", "text": request.system}))]);
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
        if let (true, Some(last)) = (request.system.is_empty(), last_of(&mut body["tools"])) {
            *last = cached(last.take());
        }
    }
    body
}

fn cached(mut block: Value) -> Value {
    block["cache_control"] = json!({"type": "ephemeral"});
    block
}

fn last_of(list: &mut Value) -> Option<&mut Value> {
    list.as_array_mut()?.last_mut()
}

fn tool(spec: &ToolSpec) -> Value {
    // The provider insists on an object schema; a tool without arguments may have an empty one.
    let mut schema = spec.input_schema.as_object().cloned().unwrap_or_default();
    schema.insert("type".into(), json!("object"));
    json!({"name": spec.name, "description": spec.description, "input_schema": schema})
}

/// Neighbours of one role become one message: the results of parallel calls belong into a single
/// message, directly after the calls, and before any text.
fn messages(messages: &[Message]) -> Value {
    let mut list: Vec<(Role, Vec<Value>)> = Vec::new();
    for message in messages {
        let blocks: Vec<Value> = message.parts.iter().filter_map(block).collect();
        match list.last_mut() {
            Some((role, content)) if *role == message.role => content.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => list.push((message.role, blocks)),
        }
    }
    if let Some((Role::User, content)) = list.last_mut()
        && let Some(last) = content.last_mut()
    {
        *last = cached(last.take());
    }
    let wire = list.into_iter().map(|(role, content)| {
        let role = match role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        json!({"role": role, "content": content})
    });
    wire.collect()
}

/// `None` for what this provider can't take: empty text, and another provider's own blocks.
fn block(part: &Part) -> Option<Value> {
    match part {
        Part::Text { text } if text.trim().is_empty() => None,
        Part::Text { text } => Some(json!({"type": "text", "text": text})),
        Part::ToolCall {
            id,
            name,
            arguments,
        } => {
            Some(json!({"type": "tool_use", "id": id, "name": name, "input": as_object(arguments)}))
        }
        Part::ToolResult {
            id,
            name,
            content,
            is_error,
        } => Some(json!({
            "type": "tool_result",
            "tool_use_id": id,
            "content": fence_untrusted_text(&format!("tool {name}"), content),
            "is_error": is_error,
        })),
        Part::Reasoning { provider, opaque } => (provider == NAME).then(|| opaque.clone()),
        Part::Image { mime_type, data } => Some(json!({
            "type": "image",
            "source": {"type": "base64", "media_type": mime_type, "data": data},
        })),
    }
}

/// What the model wrote as arguments, when it was no object, in the wrapping that the vendor recommends:
/// the API takes only objects back.
fn as_object(arguments: &Value) -> Value {
    if arguments.is_object() {
        return arguments.clone();
    }
    let raw = arguments
        .as_str()
        .map_or_else(|| arguments.to_string(), str::to_owned);
    Value::Object(Map::from_iter([("INVALID_JSON".to_owned(), json!(raw))]))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::body;
    use crate::{AnswerLimits, Message, Part, Request, Role, ToolOrigin, ToolSpec};

    fn request(messages: Vec<Message>) -> Request {
        Request {
            model: "claude-test".into(),
            system: "Be brief.".into(),
            messages,
            tools: vec![ToolSpec {
                name: "clock__now".into(),
                description: "The time.".into(),
                input_schema: json!({}),
                idempotent: true,
                read_only: true,
                origin: ToolOrigin::default(),
            }],
            max_tokens: 100,
            limits: AnswerLimits::default(),
        }
    }

    fn call(id: &str, arguments: Value) -> Part {
        Part::ToolCall {
            id: id.into(),
            name: "clock__now".into(),
            arguments,
        }
    }

    fn result(id: &str, content: &str) -> Part {
        Part::ToolResult {
            id: id.into(),
            name: "clock__now".into(),
            content: content.into(),
            is_error: false,
        }
    }

    #[test]
    fn the_whole_body_has_the_documented_form() {
        let body = body(&request(vec![Message::user("What time is it?")]));
        let ephemeral = json!({"type": "ephemeral"});
        assert_eq!(
            body,
            json!({
                "model": "claude-test",
                "max_tokens": 100,
                "stream": true,
                "system": [{"type": "text", "text": "Be brief.", "cache_control": ephemeral}],
                "tools": [{"name": "clock__now", "description": "The time.", "input_schema": {"type": "object"}}],
                "messages": [{"role": "user", "content": [
                    {"type": "text", "text": "What time is it?", "cache_control": ephemeral},
                ]}],
            })
        );
    }

    #[test]
    fn parallel_results_are_one_message_and_reasoning_returns_unchanged() {
        let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "abc="});
        let reasoning = |provider: &str| Part::Reasoning {
            provider: provider.into(),
            opaque: thinking.clone(),
        };
        let assistant = Message {
            role: Role::Assistant,
            parts: vec![
                reasoning("anthropic"),
                reasoning("another"),
                call("a", json!({})),
                call("b", json!({"zone": "UTC"})),
            ],
        };
        let user = |parts| Message {
            role: Role::User,
            parts,
        };
        let body = body(&request(vec![
            Message::user("go"),
            assistant,
            user(vec![result("a", "noon")]),
            user(vec![result("b", "one")]),
            Message::user("thanks"),
        ]));
        let messages = body["messages"].as_array().expect("a list");
        assert_eq!(messages.len(), 3);
        assert_eq!(
            messages[1]["content"],
            json!([
                thinking,
                {"type": "tool_use", "id": "a", "name": "clock__now", "input": {}},
                {"type": "tool_use", "id": "b", "name": "clock__now", "input": {"zone": "UTC"}},
            ])
        );
        let types: Vec<&Value> = messages[2]["content"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|block| &block["type"])
            .collect();
        assert_eq!(types, ["tool_result", "tool_result", "text"]);
        assert_eq!(messages[2]["content"][0]["tool_use_id"], "a");
        let content = messages[2]["content"][0]["content"].as_str().expect("text");
        assert!(content.contains("origin=\"tool clock__now\">\nnoon\n</untrusted"));
    }

    #[test]
    fn broken_arguments_and_empty_texts_are_made_acceptable() {
        let assistant = Message {
            role: Role::Assistant,
            parts: vec![
                Part::Text { text: " ".into() },
                call("a", json!("{\"zone\": ")),
            ],
        };
        let body = body(&request(vec![
            Message::user("go"),
            Message::assistant(""),
            assistant,
        ]));
        let content = &body["messages"][1]["content"];
        assert_eq!(content.as_array().map(Vec::len), Some(1));
        assert_eq!(content[0]["input"], json!({"INVALID_JSON": "{\"zone\": "}));
    }
}
