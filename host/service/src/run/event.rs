//! The events of a run, as a function of its journal: each step has the same events with the same ids, on every
//! connection and after every restart.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use skillgate_agent::{Failure, Step, StopReason, ToolOrigin, ToolOutcome};

use crate::{RunId, ServiceError};

/// What a client that listens to a run is told. No wire format: each surface has its own words for it.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent {
    /// A further piece of the answer, to be appended to what came before.
    Text {
        /// The piece.
        content: String,
    },
    /// A call of a tool waits for a person.
    Waiting {
        /// Which run waits.
        run_id: String,
        /// The task that is to be decided.
        task_id: String,
    },
    /// A tool is about to run.
    ToolCall {
        /// The call's id.
        id: String,
        /// The name under which the tool is offered.
        name: String,
        /// What it is called with.
        arguments: Value,
        /// The skill that offers the tool.
        origin: ToolOrigin,
    },
    /// A tool call has ended.
    ToolResult {
        /// The call's id.
        id: String,
        /// The name under which the tool is offered.
        name: String,
        /// What the model is told.
        content: String,
        /// How the call ended.
        outcome: ToolOutcome,
        /// The skill that offers the tool.
        origin: ToolOrigin,
    },
    /// What the whole run used, once, before its last event.
    Usage {
        /// All input tokens, cached or not.
        input_tokens: u64,
        /// All output tokens.
        output_tokens: u64,
    },
    /// Takes back the text that came after an event: the answer that it belonged to was lost in a crash, and the model
    /// is asked again.
    Reset {
        /// The last event that holds; `None` when nothing does.
        to_event: Option<EventId>,
    },
    /// The run ended.
    Done {
        /// Which run.
        run_id: String,
        /// Why it ended.
        stop_reason: StopReason,
    },
    /// The run failed, or cannot be followed any further here.
    Error {
        /// A stable word for programs, for example `provider_rate_limited`.
        code: String,
        /// A sentence for people: what happened, and what to do.
        message: String,
    },
}

/// How far a listener has come in a run: past every step before `step`, and in that one past so many bytes of text and
/// so many further events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) step: i64,
    pub(crate) text: usize,
    pub(crate) others: usize,
}

impl Position {
    /// Before anything of this step.
    pub(crate) fn before(step: i64) -> Self {
        Self {
            step,
            ..Self::default()
        }
    }
}

/// The id of an event, `<run>:<step>.<bytes of text>.<further events>`: what a listener that has this event is past. Opaque
/// to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventId {
    pub(crate) run: String,
    pub(crate) position: Position,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { step, text, others } = self.position;
        write!(f, "{}:{step}.{text}.{others}", self.run)
    }
}

/// `Invalid` for what no event of any run is called.
impl FromStr for EventId {
    type Err = ServiceError;

    fn from_str(id: &str) -> Result<Self, ServiceError> {
        let parse = || {
            let (run, position) = id.split_once(':')?;
            let run: RunId = run.parse().ok()?;
            let mut numbers = position.splitn(3, '.');
            let position = Position {
                step: numbers
                    .next()?
                    .parse::<i64>()
                    .ok()
                    .filter(|step| *step >= 0)?,
                text: numbers.next()?.parse().ok()?,
                others: numbers.next()?.parse().ok()?,
            };
            let run = run.into();
            Some(Self { run, position })
        };
        parse().ok_or_else(|| {
            ServiceError::invalid("Last-Event-ID: must be the id of an event of this run.")
        })
    }
}

/// The events of one step of a journal: the text that was shown while the step was waited for, which comes in pieces of any
/// size, and the events that follow from the step.
#[derive(Debug)]
pub(crate) struct StepEvents {
    pub(crate) step: i64,
    text: String,
    others: Vec<RunEvent>,
    /// Whether the run ends with this step.
    pub(crate) ends_run: bool,
}

/// What follows a position within a step.
#[derive(Debug, PartialEq)]
pub(crate) enum Following {
    /// An event, and the position of who has it.
    Event(Position, RunEvent),
    /// Nothing of this step.
    Nothing,
    /// The position is past text that is not in this step.
    Lost,
}

impl StepEvents {
    pub(crate) fn of(run: &str, number: i64, step: &Step) -> Self {
        Self {
            step: number,
            text: step.shown_text().into_owned(),
            others: others_of(run, step),
            ends_run: matches!(step, Step::Ended { .. }),
        }
    }

    /// A step that can't be read, and has no events.
    pub(crate) fn unreadable(number: i64) -> Self {
        Self {
            step: number,
            text: String::new(),
            others: Vec::new(),
            ends_run: false,
        }
    }

    /// What follows `position`, which is in this step.
    pub(crate) fn after(&self, position: Position) -> Following {
        let text = self.text.len();
        let mid_text = position.others == 0 && position.text < text;
        if mid_text {
            return text_after(&self.text, position);
        }
        if position.text != text {
            return Following::Lost;
        }
        let others = position.others + 1;
        match self.others.get(position.others) {
            Some(event) => Following::Event(Position { others, ..position }, event.clone()),
            None if position.others > self.others.len() => Following::Lost,
            None => Following::Nothing,
        }
    }

    /// The position of who has all events; `None` when there are none.
    pub(crate) fn last(&self) -> Option<Position> {
        let (text, others) = (self.text.len(), self.others.len());
        (text + others > 0).then_some(Position {
            step: self.step,
            text,
            others,
        })
    }

    /// About what the events take in memory (bytes).
    pub(crate) fn bytes(&self) -> usize {
        let others: usize = self.others.iter().map(bytes_of).sum();
        size_of::<Self>() + self.text.len() + others
    }
}

/// The rest of a text of which a listener has the beginning.
pub(crate) fn text_after(text: &str, position: Position) -> Following {
    match text.get(position.text..) {
        Some(rest) if position.others == 0 => match rest.is_empty() {
            true => Following::Nothing,
            false => {
                let content = rest.to_owned();
                let text = text.len();
                Following::Event(Position { text, ..position }, RunEvent::Text { content })
            }
        },
        _ => Following::Lost,
    }
}

/// The events of a step, but for the text that was shown while the model said it.
fn others_of(run: &str, step: &Step) -> Vec<RunEvent> {
    match step {
        Step::ModelRequest { .. } | Step::ModelAnswer { .. } => Vec::new(),
        Step::ToolWaiting { task_id, .. } => vec![RunEvent::Waiting {
            run_id: run.to_owned(),
            task_id: task_id.clone(),
        }],
        Step::ToolBegun {
            id,
            name,
            arguments,
            origin,
            ..
        } => vec![RunEvent::ToolCall {
            id: id.clone(),
            name: name.clone(),
            arguments: arguments.clone(),
            origin: origin.clone(),
        }],
        Step::ToolEnded {
            id,
            name,
            content,
            outcome,
            origin,
            ..
        } => vec![RunEvent::ToolResult {
            id: id.clone(),
            name: name.clone(),
            content: content.clone(),
            outcome: *outcome,
            origin: origin.clone(),
        }],
        Step::Ended { .. } => last_events(run, step),
    }
}

/// The events with which a run ends.
fn last_events(run: &str, step: &Step) -> Vec<RunEvent> {
    let Step::Ended {
        stop_reason,
        usage,
        error,
        ..
    } = step
    else {
        return Vec::new();
    };
    let notice = step.notice().to_owned();
    let notice = (!notice.is_empty()).then_some(RunEvent::Text { content: notice });
    let usage = RunEvent::Usage {
        input_tokens: usage.all_input(),
        output_tokens: usage.output_tokens,
    };
    let last = match error.clone() {
        Some(failure) => failure.into(),
        None => RunEvent::Done {
            run_id: run.to_owned(),
            stop_reason: stop_reason.clone(),
        },
    };
    notice.into_iter().chain([usage, last]).collect()
}

impl From<Failure> for RunEvent {
    fn from(Failure { code, message }: Failure) -> Self {
        Self::Error { code, message }
    }
}

fn bytes_of(event: &RunEvent) -> usize {
    let texts = match event {
        RunEvent::Text { content } => content.len(),
        RunEvent::ToolCall { arguments, .. } => bytes_of_json(arguments),
        RunEvent::ToolResult { content, .. } => content.len(),
        RunEvent::Error { message, .. } => message.len(),
        RunEvent::Waiting { .. }
        | RunEvent::Usage { .. }
        | RunEvent::Reset { .. }
        | RunEvent::Done { .. } => 0,
    };
    // Names and ids have at most 128 bytes each.
    size_of::<RunEvent>() + 4 * 128 + texts
}

fn bytes_of_json(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of_json).sum(),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| name.len() + bytes_of_json(value);
            fields.iter().map(field).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inside + size_of::<Value>()
}

#[cfg(test)]
mod tests {
    use skillgate_agent::{Message, Usage};

    use super::*;

    fn answer(text: &str) -> StepEvents {
        let step = Step::ModelAnswer {
            message: Message::assistant(text),
            usage: Usage::default(),
            stop_reason: StopReason::EndTurn,
            text_before: 0,
            shown: None,
        };
        StepEvents::of("run_1", 1, &step)
    }

    fn at(text: usize, others: usize) -> Position {
        Position {
            step: 1,
            text,
            others,
        }
    }

    #[test]
    fn a_text_goes_on_behind_what_a_listener_has() {
        let events = answer("größer");
        let text = |content: &str| RunEvent::Text {
            content: content.to_owned(),
        };
        let end = at(8, 0);
        assert_eq!(
            events.after(at(0, 0)),
            Following::Event(end, text("größer"))
        );
        assert_eq!(events.after(at(4, 0)), Following::Event(end, text("ßer")));
        assert_eq!(events.after(end), Following::Nothing);
        assert_eq!(events.last(), Some(end));
    }

    #[test]
    fn what_a_listener_has_and_the_step_has_not_is_lost() {
        let events = answer("größer");
        for lost in [at(9, 0), at(3, 0), at(8, 1), at(0, 1)] {
            assert_eq!(events.after(lost), Following::Lost, "{lost:?}");
        }
    }

    #[test]
    fn a_run_ends_with_what_was_cut_short_then_the_notice_then_usage_and_reason() {
        let step = Step::Ended {
            stop_reason: StopReason::MaxTokens,
            text: "One.\n\nTw\n\nThe limit is reached.".to_owned(),
            answered_bytes: 4,
            partial_bytes: 4,
            usage: Usage::default(),
            error: None,
        };
        let events = StepEvents::of("run_1", 1, &step);
        let mut position = at(0, 0);
        let mut texts = Vec::new();
        let mut count = 0;
        while let Following::Event(next, event) = events.after(position) {
            if let RunEvent::Text { content } = event {
                texts.push(content);
            }
            position = next;
            count += 1;
        }
        assert_eq!(texts, ["\n\nTw", "\n\nThe limit is reached."]);
        assert_eq!((count, position), (4, at(4, 3)));
        assert!(events.ends_run);
    }

    #[test]
    fn a_call_that_waits_is_told_of_once() {
        let step: Step = serde_json::from_value(serde_json::json!({
            "type": "tool_waiting", "answer": 0, "call": 0, "id": "a", "name": "b", "taskId": "task_1",
        }))
        .unwrap();
        let events = StepEvents::of("run_1", 1, &step);
        let waiting = RunEvent::Waiting {
            run_id: "run_1".to_owned(),
            task_id: "task_1".to_owned(),
        };
        assert_eq!(events.after(at(0, 0)), Following::Event(at(0, 1), waiting));
        assert_eq!(events.after(at(0, 1)), Following::Nothing);
    }

    #[test]
    fn an_id_is_read_as_it_is_written_and_nothing_else_is_one() {
        let id = EventId {
            run: "run_1".to_owned(),
            position: at(17, 2),
        };
        assert_eq!(id.to_string(), "run_1:1.17.2");
        assert_eq!(id.to_string().parse::<EventId>().unwrap(), id);
        for wrong in [
            "",
            "run_1",
            "run_1:",
            "run_1:1",
            "run_1:1.2",
            "run_1:-1.0.0",
            "run 1:1.0.0",
            "run_1:1.0.0.0",
            "run_1:1.x.0",
        ] {
            let refused = wrong.parse::<EventId>().unwrap_err();
            assert!(refused.message().starts_with("Last-Event-ID"), "{wrong}");
        }
    }
}
