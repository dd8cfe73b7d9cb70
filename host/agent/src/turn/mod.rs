//! The turn: model → tool calls → results → model → … until the model is done or a budget is.

pub mod budget;
pub mod context;
pub mod replay;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::{
    Budget, Event, Failure, Journal, Message, Provider, Redactor, RetryPolicy, Step, StopReason,
    Tools, Usage,
};

/// All that one turn needs. Everything from outside is in here: the loop has no global state.
pub struct Turn {
    /// The run's id, as events carry it.
    pub run_id: String,
    /// The model.
    pub provider: Arc<dyn Provider>,
    /// The provider's name of the model.
    pub model: String,
    /// From [`crate::Context::system`].
    pub system: String,
    /// The conversation so far; the last message is the user's new one.
    pub history: Vec<Message>,
    /// The tools of this agent.
    pub tools: Arc<dyn Tools>,
    /// Where steps are committed.
    pub journal: Arc<dyn Journal>,
    /// Where events go. A receiver that is gone does not end the turn.
    pub events: UnboundedSender<Event>,
    /// The limits.
    pub budget: Budget,
    /// When a provider is asked again.
    pub retry: RetryPolicy,
    /// The values that must not leave.
    pub redactor: Arc<Redactor>,
    /// Ends the turn with [`StopReason::Cancelled`]. To stop a process, drop the future instead: the run
    /// then goes on after the restart.
    pub cancel: CancellationToken,
    /// The steps already journalled, in order; empty for a new run.
    pub resume: Vec<Step>,
}

/// How a turn ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why.
    pub stop_reason: StopReason,
    /// All text that was shown.
    pub text: String,
    /// What the whole run used.
    pub usage: Usage,
    /// Set exactly when `stop_reason` is [`StopReason::Error`].
    pub error: Option<Failure>,
}

/// Runs a turn to its end, from its beginning or from the steps in [`Turn::resume`]. Events go out as
/// things happen, [`Event::Done`] or [`Event::Error`] last.
pub async fn run(turn: Turn) -> Outcome {
    let _ = turn;
    unreachable!()
}
