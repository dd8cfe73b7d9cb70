//! A model that plays a script, and records what it was asked. For tests and figures.
//!
//! A script is one JSON object:
//!
//! ```json
//! {
//!   "turns": [
//!     {"parts": [{"type": "text", "text": "Let me see."},
//!                {"type": "wait", "milliseconds": 50},
//!                {"type": "tool_call", "name": "calculator__evaluate", "arguments": {"expression": "6*7"}}],
//!      "usage": {"inputTokens": 10, "outputTokens": 5}},
//!     {"parts": [{"type": "text", "text": "It is 42."}], "stopReason": "end_turn"},
//!     {"error": {"code": "provider_rate_limited", "retryAfter": 1}}
//!   ],
//!   "repeat": false
//! }
//! ```
//!
//! Each turn is one answer of the model. A text part is streamed as one delta; `wait` pauses the stream;
//! `arguments` is `{}` when absent; `stopReason` is `tool_use` or `end_turn` when absent, by whether there are
//! calls. `error` ends the turn after its parts, or at once when there are none; its code is one of
//! [`ProviderError::code`], and it is given once: who asks again gets the next turn.
//!
//! The turns up to one without tool calls answer one message of a user; the next message of a user (in the same
//! conversation or another) gets those after them. With `repeat` the script begins anew at its end; without it, asking
//! further is an error. A request that carries results is answered by the turn after the one whose calls
//! they are, so that several conversations may go on at once, and a run that was interrupted finds its place.

mod script;

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ProviderKind;
use crate::{Delta, DeltaStream, Part, Provider, ProviderError, Request};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use script::{Script, ScriptFailure, ScriptPart, ScriptTurn};

/// All that the host knows of it.
pub(super) const KIND: ProviderKind = ProviderKind {
    name: "scripted",
    service: None,
    default_model: "scripted",
    connect: |connection| match connection.script {
        Some(script) => Ok(script.clone()),
        None => Err(ProviderError::BadRequest(
            "there is no script to play".to_owned(),
        )),
    },
};

/// Plays a script. See the module's page for its form.
#[derive(Debug)]
pub struct Scripted {
    script: Script,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The turn that answers the next message of a user.
    next: usize,
    /// The errors that were given already.
    failed: BTreeSet<usize>,
    requests: Vec<Request>,
    record: Option<File>,
}

/// The script can't be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Not of the form that the module's page shows.
    #[error("the script can't be read: {0}")]
    Form(#[from] serde_json::Error),
    /// An error in it has a code that no provider gives.
    #[error("the script's turn {turn} (from 0) has an error of the unknown code {code:?}")]
    UnknownCode {
        /// Which turn.
        turn: usize,
        /// What stands there.
        code: String,
    },
    /// The file for the requests can't be opened.
    #[error("requests can't be recorded: {0}")]
    Record(#[from] std::io::Error),
}

impl Scripted {
    /// Reads a script.
    ///
    /// # Errors
    /// When it is not of the form above; the text names line and column, or the turn.
    pub fn from_json(script: &str) -> Result<Self, ScriptError> {
        let script: Script = serde_json::from_str(script)?;
        for (turn, ScriptTurn { error, .. }) in script.turns.iter().enumerate() {
            if let Some(failure) = error
                && failure.to_error().is_none()
            {
                let code = failure.code.clone();
                return Err(ScriptError::UnknownCode { turn, code });
            }
        }
        let state = Mutex::default();
        Ok(Self { script, state })
    }

    /// Also appends each request as one line of JSON to this file.
    ///
    /// # Errors
    /// When the file can't be opened for appending.
    pub fn recording_to(self, path: &Path) -> Result<Self, ScriptError> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        self.state().record = Some(file);
        Ok(self)
    }

    /// What it was asked so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// A panic elsewhere leaves the state whole: it is changed in single assignments.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The turn that answers this request, and its place.
    fn turn_for(&self, request: &Request) -> Option<(usize, &ScriptTurn)> {
        let mut state = self.state();
        let continued = turn_before(request);
        if self.script.repeat && continued.is_none() && state.next >= self.script.turns.len() {
            state.next = 0;
            state.failed.clear();
        }
        let mut place = continued.map_or(state.next, |turn| turn + 1);
        while state.failed.contains(&place) {
            place += 1;
        }
        let turn = self.script.turns.get(place)?;
        if turn.error.is_some() {
            state.failed.insert(place);
        } else if continued.is_none() {
            state.next = self.end_of_exchange(place);
        }
        Some((place, turn))
    }

    /// The first turn after `place` that no longer belongs to the same user's message.
    fn end_of_exchange(&self, place: usize) -> usize {
        let rest = self.script.turns.iter().skip(place);
        place + rest.take_while(|turn| turn.goes_on()).count() + 1
    }
}

/// The turn whose calls the last message answers.
fn turn_before(request: &Request) -> Option<usize> {
    request.messages.last()?.parts.iter().find_map(|part| {
        let Part::ToolResult { id, .. } = part else {
            return None;
        };
        id.strip_prefix("script_")?.split('_').next()?.parse().ok()
    })
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &'static str {
        KIND.name
    }

    async fn stream(&self, request: &Request) -> Result<DeltaStream, ProviderError> {
        self.record(request);
        let Some((place, turn)) = self.turn_for(request) else {
            let length = self.script.turns.len();
            let said = format!("the script of {length} turns is at its end");
            return Err(ProviderError::BadRequest(said));
        };
        let failure = turn.error.as_ref().and_then(ScriptFailure::to_error);
        if let (Some(error), true) = (&failure, turn.parts.is_empty()) {
            return Err(error.clone());
        }
        let end = match failure {
            Some(error) => Err(error),
            None => Ok(Delta::End(turn.answer(place))),
        };
        let parts = stream::iter(turn.parts.clone()).filter_map(play);
        Ok(parts.chain(stream::iter([end])).boxed())
    }
}

impl Scripted {
    fn record(&self, request: &Request) {
        let mut state = self.state();
        state.requests.push(request.clone());
        if let Some(file) = &mut state.record {
            let line = serde_json::to_string(request).unwrap_or_default();
            if let Err(error) = writeln!(file, "{line}") {
                tracing::error!(%error, "a request could not be recorded");
            }
        }
    }
}

async fn play(part: ScriptPart) -> Option<Result<Delta, ProviderError>> {
    match part {
        ScriptPart::Text { text } => Some(Ok(Delta::Text(text))),
        ScriptPart::ToolCall { .. } => None,
        ScriptPart::Wait { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            None
        }
    }
}

#[cfg(test)]
mod tests;
