//! Messages and JSON from outside, with every string in them cleaned.

use serde_json::{Map, Value};

use super::{MARK, Redactor};
use crate::{Message, Part};

/// About how many bytes a message has: what it takes to look through it.
pub(super) fn bytes_of(message: &Message) -> usize {
    let part = |part: &Part| match part {
        Part::Text { text } => text.len(),
        Part::ToolCall {
            id,
            name,
            arguments,
        } => id.len() + name.len() + bytes_of_json(arguments),
        Part::ToolResult {
            id, name, content, ..
        } => id.len() + name.len() + content.len(),
        Part::Reasoning { opaque, .. } => bytes_of_json(opaque),
        Part::Image { mime_type, data } => mime_type.len() + data.len(),
    };
    message.parts.iter().map(part).sum()
}

fn bytes_of_json(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of_json).sum(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| name.len() + bytes_of_json(value);
            fields.iter().map(field).sum()
        }
        _ => 8,
    }
}

/// Cleans every string of a message.
pub(super) fn redact_message(redactor: &Redactor, message: &mut Message) {
    let clean = |text: &mut String| *text = redactor.redact(text);
    for part in &mut message.parts {
        match part {
            Part::Text { text } => clean(text),
            Part::ToolCall {
                id,
                name,
                arguments,
            } => {
                clean(id);
                clean(name);
                redact_json(redactor, arguments);
            }
            Part::ToolResult {
                id, name, content, ..
            } => [id, name, content].into_iter().for_each(clean),
            // Which provider it is, the host says.
            Part::Reasoning { opaque, .. } => redact_json(redactor, opaque),
            Part::Image { mime_type, data } => [mime_type, data].into_iter().for_each(clean),
        }
    }
}

/// Cleans every string of a value, names of fields too. A number that spells a value is replaced by the mark. The
/// depth is the caller's to bound.
fn redact_json(redactor: &Redactor, value: &mut Value) {
    match value {
        Value::String(text) => *text = redactor.redact(text),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| redact_json(redactor, item)),
        Value::Object(fields) => {
            let clean = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                redact_json(redactor, &mut value);
                (redactor.redact(&name), value)
            });
            *fields = clean.collect::<Map<String, Value>>();
        }
        Value::Number(number) => {
            let spelled = number.to_string();
            if redactor.redact(&spelled) != spelled {
                *value = Value::from(MARK);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}
