//! From journalled steps back to where the run was.

use std::collections::HashMap;

use serde_json::Value;

use crate::{CallPlace, Failure, Message, Part, Role, Step, StopReason, ToolOutcome, Usage};

/// What the model is told of a call of which nobody knows whether it took effect.
pub(crate) const UNKNOWN: &str = "The server was interrupted while this tool ran: whether it took effect is unknown. \
It was not run again. Check before you call it once more.";

/// What the model is told of a call that never began.
pub(crate) const NOT_RUN: &str = "This tool was not run: the turn ended before.";

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
    /// How often it answered.
    pub(crate) answers: u32,
    /// How many tool calls have begun.
    pub(crate) calls: u32,
    /// How many bytes of JSON the steps have.
    pub(crate) bytes: usize,
    /// The last answer of the model, if it was not asked again since.
    pub(crate) open: Option<PendingAnswer>,
    pub(crate) ended: Option<(StopReason, Option<Failure>)>,
}

/// An answer of the model, and what is known of its tool calls.
pub(crate) struct PendingAnswer {
    pub(crate) message: Message,
    pub(crate) stop_reason: StopReason,
    /// Which answer of the run it is, from 0.
    number: u32,
    /// By the call's number in the answer.
    known: HashMap<u32, CallState>,
}

/// What the journal says about a tool call.
#[derive(Clone)]
pub(crate) enum CallState {
    /// It began, and nobody knows whether it ended.
    Begun {
        repeatable: bool,
        /// How often it began.
        attempts: u32,
    },
    Ended {
        content: String,
        outcome: ToolOutcome,
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
        self.bytes = self.bytes.saturating_add(step.bytes());
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
                shown,
                ..
            } => {
                let text = shown.clone().unwrap_or_else(|| message.text());
                join(&mut self.text, &text);
                self.usage = self.usage.plus(*usage);
                let open = PendingAnswer::new(message.clone(), stop_reason.clone(), self.answers);
                self.open = Some(open);
                self.answers += 1;
            }
            // A call that only waited has not begun: it is proposed again.
            Step::ToolWaiting { .. } => {}
            Step::ToolBegun {
                place,
                id,
                name,
                repeatable,
                ..
            } => {
                if let Some(open) = &mut self.open {
                    let first = open.begun(*place, (id, name), *repeatable);
                    self.calls += u32::from(first);
                }
            }
            Step::ToolEnded {
                place,
                id,
                name,
                content,
                outcome,
                ..
            } => {
                let (content, outcome) = (content.clone(), *outcome);
                if let Some(open) = &mut self.open {
                    open.know(*place, (id, name), CallState::Ended { content, outcome });
                }
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
}

impl PendingAnswer {
    /// Answer number `number` of the run, of whose calls nothing is known yet.
    pub(crate) fn new(message: Message, stop_reason: StopReason, number: u32) -> Self {
        let known = HashMap::new();
        Self {
            message,
            stop_reason,
            number,
            known,
        }
    }

    /// The answer's tool calls, each with its place, and with its id, name and arguments.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (CallPlace, (&str, &str, &Value))> {
        let answer = self.number;
        let places = (0..).map(move |call| CallPlace { answer, call });
        places.zip(self.message.tool_calls())
    }

    pub(crate) fn known(&self, place: CallPlace) -> Option<&CallState> {
        self.known.get(&place.call)
    }

    /// Notes that a call began; whether for the first time.
    fn begun(&mut self, place: CallPlace, call: (&str, &str), repeatable: bool) -> bool {
        let (attempts, repeatable) = match self.known.get(&place.call) {
            Some(CallState::Begun {
                attempts,
                repeatable: before,
            }) => (attempts.saturating_add(1), *before && repeatable),
            _ => (1, repeatable),
        };
        self.know(
            place,
            call,
            CallState::Begun {
                repeatable,
                attempts,
            },
        );
        attempts == 1
    }

    /// Notes what a step says about a call. A step that is of another call than the one in its place says only that
    /// nobody knows what happened there.
    fn know(&mut self, place: CallPlace, (id, name): (&str, &str), known: CallState) {
        let mut calls = self.calls();
        let same = calls.find(|(here, _)| here.call == place.call);
        let fits = same.is_some_and(|(here, call)| here == place && (call.0, call.1) == (id, name));
        drop(calls);
        let unknown = CallState::Begun {
            repeatable: false,
            attempts: 1,
        };
        self.known
            .insert(place.call, if fits { known } else { unknown });
    }

    /// Appends the answer and, if it has calls, one message with their results.
    fn close(self, messages: &mut Vec<Message>) {
        let results = self.calls().map(|(place, (id, name, _))| {
            let (content, is_error) = match self.known(place) {
                Some(CallState::Ended { content, outcome }) => {
                    (content.clone(), outcome.is_error())
                }
                Some(CallState::Begun { .. }) => (UNKNOWN.to_owned(), true),
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
