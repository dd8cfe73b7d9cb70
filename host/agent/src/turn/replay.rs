//! From journalled steps back to where the run was.

use std::collections::HashMap;

use crate::{Failure, Message, Part, Role, Step, StopReason, Usage};

/// What the model is told of a call of which nobody knows whether it took effect.
pub(crate) const UNKNOWN: &str = "The server was interrupted while this tool ran: whether it took effect is unknown. \
It was not run again. Check before you call it once more.";

/// What the model is told of a call that never began.
const NOT_RUN: &str = "This tool was not run: the turn ended before.";

/// The messages that a run added to its conversation: what the model said, and what its tools answered.
/// A call that never ended is answered with a note, so that the list is always a valid history.
pub fn transcript(steps: &[Step]) -> Vec<Message> {
    let replay = Replay::of(steps);
    let mut messages = replay.messages;
    if let Some(open) = replay.open {
        open.close(&mut messages);
    }
    messages
}

/// Where a run is.
#[derive(Default)]
pub(crate) struct Replay {
    /// What was said and answered before the last answer of the model.
    pub(crate) messages: Vec<Message>,
    /// All text that was shown.
    pub(crate) text: String,
    pub(crate) usage: Usage,
    /// How often the model was asked.
    pub(crate) steps: u32,
    /// The last answer of the model, if it was not asked again since.
    pub(crate) open: Option<Open>,
    pub(crate) ended: Option<(StopReason, Option<Failure>)>,
}

/// An answer of the model, and what is known of its tool calls.
pub(crate) struct Open {
    pub(crate) message: Message,
    pub(crate) stop_reason: StopReason,
    known: HashMap<String, Known>,
}

/// What the journal says about a tool call.
#[derive(Clone)]
pub(crate) enum Known {
    /// It began, and nobody knows whether it ended.
    Begun {
        repeatable: bool,
    },
    Ended {
        content: String,
        is_error: bool,
    },
}

impl Replay {
    pub(crate) fn of(steps: &[Step]) -> Self {
        let mut replay = Self::default();
        for step in steps {
            replay.add(step);
        }
        replay
    }

    fn add(&mut self, step: &Step) {
        match step {
            Step::ModelRequest { .. } => {
                self.steps += 1;
                if let Some(open) = self.open.take() {
                    open.close(&mut self.messages);
                }
            }
            Step::ModelAnswer {
                message,
                usage,
                stop_reason,
            } => {
                join(&mut self.text, &message.text());
                self.usage = self.usage.plus(*usage);
                self.open = Some(Open::new(message.clone(), stop_reason.clone()));
            }
            Step::ToolBegun { id, repeatable, .. } => {
                let repeatable = *repeatable;
                self.know(id, Known::Begun { repeatable });
            }
            Step::ToolEnded {
                id,
                content,
                is_error,
                ..
            } => {
                let (content, is_error) = (content.clone(), *is_error);
                self.know(id, Known::Ended { content, is_error });
            }
            Step::Ended {
                stop_reason,
                text,
                error,
                ..
            } => {
                self.text.clone_from(text);
                self.ended = Some((stop_reason.clone(), error.clone()));
            }
        }
    }

    fn know(&mut self, id: &str, known: Known) {
        if let Some(open) = &mut self.open {
            open.known.insert(id.to_owned(), known);
        }
    }
}

impl Open {
    pub(crate) fn new(message: Message, stop_reason: StopReason) -> Self {
        let known = HashMap::new();
        Self {
            message,
            stop_reason,
            known,
        }
    }

    pub(crate) fn known(&self, id: &str) -> Option<&Known> {
        self.known.get(id)
    }

    /// Appends the answer and, if it has calls, one message with their results.
    fn close(self, messages: &mut Vec<Message>) {
        let results = self.message.tool_calls().map(|(id, name, _)| {
            let (content, is_error) = match self.known.get(id) {
                Some(Known::Ended { content, is_error }) => (content.clone(), *is_error),
                Some(Known::Begun { .. }) => (UNKNOWN.to_owned(), true),
                None => (NOT_RUN.to_owned(), true),
            };
            Part::ToolResult {
                id: id.to_owned(),
                name: name.to_owned(),
                content,
                is_error,
            }
        });
        let results = results.collect();
        push(messages, self.message, results);
    }
}

/// Appends what the model said and what its tools answered; neither when it is empty.
pub(crate) fn push(messages: &mut Vec<Message>, said: Message, results: Vec<Part>) {
    let results = Message {
        role: Role::User,
        parts: results,
    };
    messages.extend(
        [said, results]
            .into_iter()
            .filter(|message| !message.parts.is_empty()),
    );
}

/// Appends the text of a further answer, with an empty line between.
pub(crate) fn join(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}
