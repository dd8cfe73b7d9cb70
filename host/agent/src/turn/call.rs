//! The tool calls of one answer: all at once, each journalled before and after.

use futures::{StreamExt, stream};
use serde_json::Value;

use super::Run;
use super::replay::{Known, Open, UNKNOWN};
use crate::{Event, JournalError, Part, Step, StopReason, ToolAnswer};

/// The most calls that run at once; more wait for their turn.
const AT_ONCE: usize = 8;
/// The most bytes of a result that the model is given.
const LARGEST_RESULT: usize = 64 << 10;

/// One call, as the model wants it.
struct ToolCall {
    id: String,
    name: String,
    arguments: Value,
}

impl Run {
    /// Runs all calls of an answer that have not ended yet. The results, in the order of the calls.
    pub(super) async fn run_tools(&self, open: &Open) -> Result<Vec<Part>, JournalError> {
        let calls = open.message.tool_calls().map(|(id, name, arguments)| {
            let call = ToolCall {
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: arguments.clone(),
            };
            self.run_tool(call, open.known(id).cloned())
        });
        let calls: Vec<_> = calls.collect();
        let results: Vec<_> = stream::iter(calls).buffered(AT_ONCE).collect().await;
        results.into_iter().collect()
    }

    async fn run_tool(&self, call: ToolCall, known: Option<Known>) -> Result<Part, JournalError> {
        let answer = match known {
            Some(Known::Ended { content, is_error }) => {
                return Ok(call.result(content, is_error));
            }
            Some(Known::Begun { repeatable: false }) => failed(UNKNOWN.to_owned()),
            Some(Known::Begun { repeatable: true }) => self.call(&call).await,
            None => {
                self.begin(&call).await?;
                self.call(&call).await
            }
        };
        self.end(call, answer).await
    }

    async fn begin(&self, call: &ToolCall) -> Result<(), JournalError> {
        let spec = self
            .request
            .tools
            .iter()
            .find(|spec| spec.name == call.name);
        let step = Step::ToolBegun {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            // A tool that does not exist does nothing.
            repeatable: spec.is_none_or(|spec| spec.repeatable()),
        };
        self.turn.journal.append(step).await?;
        self.send(Event::ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        });
        Ok(())
    }

    async fn call(&self, call: &ToolCall) -> ToolAnswer {
        if let Some(mistake) = self.mistake(call) {
            return failed(mistake);
        }
        let work = self.turn.tools.call(&call.id, &call.name, &call.arguments);
        match self.unless_stopped(work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let (run, tool) = (&self.turn.run_id, &call.name);
                tracing::error!(run, tool, %error, "the host failed to run a tool");
                failed(
                    "The host failed to run this tool. Neither your call nor the tool is at fault."
                        .into(),
                )
            }
            Err(reason) => {
                let why = if reason == StopReason::Timeout {
                    "the turn's time was up"
                } else {
                    "the turn was cancelled"
                };
                failed(format!(
                    "Stopped before it ended, because {why}: whether it took effect is unknown."
                ))
            }
        }
    }

    /// What the model did wrong, if this can't be called at all.
    fn mistake(&self, call: &ToolCall) -> Option<String> {
        let specs = &self.request.tools;
        if !specs.iter().any(|spec| spec.name == call.name) {
            let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
            let names = if names.is_empty() {
                "none".into()
            } else {
                names.join(", ")
            };
            return Some(format!(
                "There is no tool {:?}. The tools are: {names}.",
                call.name
            ));
        }
        let wrong = "The arguments must be one JSON object that fits the tool's input schema";
        (!call.arguments.is_object()).then(|| format!("{wrong}, not: {}", call.arguments))
    }

    async fn end(&self, call: ToolCall, answer: ToolAnswer) -> Result<Part, JournalError> {
        let content = cut(self.turn.redactor.redact(&answer.content));
        let step = Step::ToolEnded {
            id: call.id.clone(),
            name: call.name.clone(),
            content: content.clone(),
            is_error: answer.is_error,
            receipt: answer.receipt,
        };
        self.turn.journal.append(step).await?;
        self.send(Event::ToolResult {
            id: call.id.clone(),
            name: call.name.clone(),
            content: content.clone(),
            is_error: answer.is_error,
        });
        Ok(call.result(content, answer.is_error))
    }
}

impl ToolCall {
    fn result(self, content: String, is_error: bool) -> Part {
        Part::ToolResult {
            id: self.id,
            name: self.name,
            content,
            is_error,
        }
    }
}

fn failed(content: String) -> ToolAnswer {
    ToolAnswer {
        content,
        is_error: true,
        receipt: None,
    }
}

/// At most [`LARGEST_RESULT`] bytes, and a note when there were more.
fn cut(mut content: String) -> String {
    let whole = content.len();
    if whole > LARGEST_RESULT {
        content.truncate(content.floor_char_boundary(LARGEST_RESULT));
        let kept = content.len();
        content.push_str(&format!(
            "\n[cut: these are the first {kept} of {whole} bytes]"
        ));
    }
    content
}
