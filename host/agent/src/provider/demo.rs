//! What the quickstart's agent talks to when no key is configured, so that the first run works offline.
//! It is no language model and says so: it calls the tool that the message names.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::{Map, Value};

use super::ProviderKind;
use crate::{
    Completion, Delta, DeltaStream, Message, Part, Provider, ProviderError, Request, Role,
    StopReason, ToolSpec, Usage,
};

/// All that the host knows of it.
pub(super) const KIND: ProviderKind = ProviderKind {
    name: "demo",
    service: None,
    default_model: "demo",
    connect: |_| Ok(Arc::new(Demo)),
};

const WHO: &str =
    "I am the demo model, not a language model: I call the tool that your message names.";

/// A tool is named by `<skill>__<tool>`, by `<skill> <tool>`, by the tool's own name, or by the skill's, as a
/// word. Its arguments are the first JSON object in the message; without one, a tool whose only required
/// property is a string gets the rest of the message after the name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Demo;

#[async_trait]
impl Provider for Demo {
    fn name(&self) -> &'static str {
        KIND.name
    }

    async fn stream(&self, request: &Request) -> Result<DeltaStream, ProviderError> {
        let (part, stop_reason) = reply(request);
        let texts: Vec<Delta> = match &part {
            Part::Text { text } => words(text).map(Delta::Text).collect(),
            _ => Vec::new(),
        };
        let message = Message {
            role: Role::Assistant,
            parts: vec![part],
        };
        let end = Delta::End(Completion {
            message,
            usage: Usage::default(),
            stop_reason,
        });
        Ok(stream::iter(texts.into_iter().chain([end]).map(Ok)).boxed())
    }
}

/// A few words at a time, so that a reader sees the answer stream in.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = text.split_inclusive(' ').collect();
    let pieces: Vec<String> = words.chunks(4).map(<[&str]>::concat).collect();
    pieces.into_iter()
}

fn reply(request: &Request) -> (Part, StopReason) {
    let text = |text| (Part::Text { text }, StopReason::EndTurn);
    let Some(last) = request.messages.last() else {
        return text(WHO.to_owned());
    };
    if let Some(report) = report(last) {
        return text(report);
    }
    let said = last.text();
    match choose(&said, &request.tools) {
        None => text(format!("{WHO}\n\n{}", list(&request.tools))),
        Some((tool, rest)) => match arguments(tool, &said, rest) {
            None => text(format!("{WHO}\n\nSay, for example: {}", example(tool))),
            Some(arguments) => {
                let id = format!("demo_{}", request.messages.len());
                let name = tool.name.clone();
                let call = Part::ToolCall {
                    id,
                    name,
                    arguments,
                };
                (call, StopReason::ToolUse)
            }
        },
    }
}

/// What the tools answered, if the message is about that.
fn report(message: &Message) -> Option<String> {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::ToolResult {
            name,
            content,
            is_error,
            ..
        } => {
            let verb = if *is_error { "failed" } else { "answered" };
            Some(format!("`{name}` {verb}:\n\n{content}"))
        }
        _ => None,
    });
    let results: Vec<String> = results.collect();
    let report = format!(
        "{}\n\n(From the demo model, which is no language model.)",
        results.join("\n\n")
    );
    (!results.is_empty()).then_some(report)
}

/// The tool that is named most exactly, and what follows its name.
fn choose<'a>(said: &'a str, tools: &'a [ToolSpec]) -> Option<(&'a ToolSpec, &'a str)> {
    let names: [fn(&str, &str) -> String; 4] = [
        |skill, tool| format!("{skill}__{tool}"),
        |skill, tool| format!("{skill} {tool}"),
        |_, tool| tool.to_owned(),
        |skill, _| skill.to_owned(),
    ];
    names.iter().find_map(|name| {
        let found = tools.iter().filter_map(|spec| {
            let (skill, tool) = spec.name.split_once("__")?;
            let place = find_word(said, &name(skill, tool))?;
            Some((place, spec))
        });
        // The first one that is named; of two at the same place, the one with the longer name.
        let (place, spec) = found.min_by_key(|(place, _)| (place.start, usize::MAX - place.end))?;
        Some((spec, &said[place.end..]))
    })
}

/// Where `word` stands in `text` with no letter, digit, `_` or `-` beside it; ASCII case is ignored.
fn find_word(text: &str, word: &str) -> Option<std::ops::Range<usize>> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let (lower, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    lower.match_indices(&word).find_map(|(start, found)| {
        let end = start + found.len();
        let before = lower[..start].chars().next_back();
        let after = lower[end..].chars().next();
        let alone = !before.is_some_and(in_word) && !after.is_some_and(in_word);
        alone.then_some(start..end)
    })
}

/// `None` when the tool needs more than the message says.
fn arguments(tool: &ToolSpec, said: &str, rest: &str) -> Option<Value> {
    if let Some(object) = first_object(said) {
        return Some(object);
    }
    let required = required(tool);
    let [name] = required[..] else {
        return required.is_empty().then(|| Value::Object(Map::new()));
    };
    let is_string = tool.input_schema["properties"][name]["type"] == "string";
    let start = |c: char| c.is_whitespace() || c == ':';
    let end = |c: char| c.is_whitespace() || matches!(c, '.' | '?' | '!');
    let value = rest.trim_start_matches(start).trim_end_matches(end);
    let object = || Value::Object(Map::from_iter([(name.to_owned(), value.into())]));
    (is_string && !value.is_empty()).then(object)
}

fn required(tool: &ToolSpec) -> Vec<&str> {
    let list = tool.input_schema["required"].as_array();
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn first_object(text: &str) -> Option<Value> {
    text.match_indices('{').find_map(|(start, _)| {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        values.next()?.ok()
    })
}

fn list(tools: &[ToolSpec]) -> String {
    if tools.is_empty() {
        return "This agent has no tools: install a skill.".to_owned();
    }
    let lines = tools.iter().map(|tool| {
        let what = tool.description.lines().next().unwrap_or_default();
        format!("- {}: {what}", example(tool))
    });
    let lines: Vec<String> = lines.collect();
    format!("The tools, and how to call them:\n{}", lines.join("\n"))
}

/// A message that calls this tool.
fn example(tool: &ToolSpec) -> String {
    let arguments = required(tool).into_iter().map(|name| {
        let value = match tool.input_schema["properties"][name]["type"].as_str() {
            Some("integer" | "number") => Value::from(1),
            Some("boolean") => Value::from(true),
            Some("array") => Value::Array(Vec::new()),
            Some("object") => Value::Object(Map::new()),
            _ => Value::from("…"),
        };
        (name.to_owned(), value)
    });
    let arguments = Value::Object(Map::from_iter(arguments));
    format!("`{} {arguments}`", tool.name)
}

#[cfg(test)]
mod tests;
