//! The turn: model → tool calls → results → model → … until the model is done or a budget is.

mod accept;
pub mod budget;
mod call;
pub mod context;
pub mod ending;
pub mod replay;
mod text_emitter;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::provider::retry;
use crate::{
    Budget, Completion, Failure, Journal, JournalError, Message, Provider, Redactor, Request,
    RetryPolicy, Step, StopReason, TextListener, Tools, Usage,
};
use ending::Ending;
use replay::{PendingAnswer, Replay, push};
use text_emitter::TextEmitter;

/// All that one turn needs. Everything from outside is in here: the loop has no global state.
pub struct RunInput {
    /// The run's id, for the log.
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
    /// Who hears the model's text as it comes.
    pub listener: Arc<dyn TextListener>,
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
pub struct RunOutcome {
    /// Why.
    pub stop_reason: StopReason,
    /// All text that was shown.
    pub text: String,
    /// What the whole run used.
    pub usage: Usage,
    /// Set exactly when `stop_reason` is [`StopReason::Error`].
    pub error: Option<Failure>,
}

/// Runs a turn to its end, from its beginning or from the steps in [`RunInput::resume`].
pub async fn run(turn: RunInput) -> RunOutcome {
    let mut replay = Replay::of(&turn.resume);
    let open = replay.open.take();
    let ended = replay.ended.take();
    let mut run = RunState::new(turn, replay);
    if let Some((stop_reason, error)) = ended {
        return run.outcome(Ending { stop_reason, error });
    }
    let finished = match run.drive(open).await {
        Ok(ending) => run.finish(ending).await,
        Err(error) => Err(error),
    };
    finished.unwrap_or_else(|error| run.give_up(&error))
}

/// The longest wall time that is kept to: a month. Keeps the sum with the clock in range.
const LONGEST_WALL: Duration = Duration::from_secs(30 * 24 * 3600);

/// A turn that is under way.
struct RunState {
    turn: RunInput,
    /// What the model is asked next: the history and all that this run added to it.
    request: Request,
    deadline: Instant,
    /// All text that was shown.
    text: String,
    /// How much of it is in committed answers (bytes).
    answered_bytes: usize,
    usage: Usage,
    steps: u32,
    /// How often the model answered.
    answers: u32,
    /// How many tool calls have begun, or wanted to beyond the limit. Calls run side by side.
    calls: AtomicU32,
    /// How many bytes of JSON were journalled.
    bytes: AtomicUsize,
}

impl RunState {
    fn new(mut turn: RunInput, replay: Replay) -> Self {
        let mut messages = std::mem::take(&mut turn.history);
        messages.extend(replay.messages);
        let request = Request {
            model: turn.model.clone(),
            system: std::mem::take(&mut turn.system),
            messages,
            tools: turn.tools.specs(),
            max_tokens: 0,
            limits: turn.budget.answer,
        };
        Self {
            request,
            deadline: Instant::now() + turn.budget.wall.min(LONGEST_WALL),
            answered_bytes: replay.text.len(),
            text: replay.text,
            usage: replay.usage,
            steps: replay.steps,
            answers: replay.answers,
            calls: AtomicU32::new(replay.calls),
            bytes: AtomicUsize::new(replay.bytes),
            turn,
        }
    }

    /// The loop. `open` is an answer whose tools have not all run yet.
    async fn drive(&mut self, mut open: Option<PendingAnswer>) -> Result<Ending, JournalError> {
        loop {
            if let Some(open) = open.take()
                && let Some(ending) = self.settle(open).await?
            {
                return Ok(ending);
            }
            match self.ask().await? {
                Ok(answered) => open = Some(answered),
                Err(ending) => return Ok(ending),
            }
        }
    }

    /// Does what an answer asks for. The end of the run, or `None` when the model is to be asked again.
    async fn settle(&mut self, open: PendingAnswer) -> Result<Option<Ending>, JournalError> {
        use StopReason::{MaxTokens, ModelContextWindowExceeded, PauseTurn, Refusal, ToolUse};
        // An answer that was cut short may hold half a call, which must not run.
        let cut_short = matches!(
            open.stop_reason,
            MaxTokens | ModelContextWindowExceeded | Refusal
        );
        let calls = open.message.tool_calls().next().is_some();
        if cut_short || !(calls || open.stop_reason == PauseTurn) {
            return Ok(Some(match open.stop_reason {
                ToolUse => StopReason::EndTurn.into(),
                reason => reason.into(),
            }));
        }
        let results = self.run_tools(&open).await?;
        push(&mut self.request.messages, open.message, results);
        Ok(self.used_up().map(Ending::from))
    }

    /// Which limit on what a turn does with its answers is reached.
    fn used_up(&self) -> Option<StopReason> {
        let budget = &self.turn.budget;
        if self.calls.load(Ordering::Relaxed) > budget.tool_calls {
            return Some(StopReason::MaxToolCalls);
        }
        let bytes = self.bytes.load(Ordering::Relaxed);
        (bytes >= budget.journal_bytes).then_some(StopReason::MaxBytes)
    }

    /// Commits a step.
    async fn record(&self, step: Step) -> Result<(), JournalError> {
        self.bytes.fetch_add(step.bytes(), Ordering::Relaxed);
        self.turn.journal.append(step).await
    }

    /// One answer of the model, committed; or why there is none.
    async fn ask(&mut self) -> Result<Result<PendingAnswer, Ending>, JournalError> {
        match self.turn.budget.reserve(self.steps, &self.usage) {
            Ok(tokens) => self.request.max_tokens = tokens,
            Err(reason) => return Ok(Err(reason.into())),
        }
        if let Some(reason) = self.stopped().or_else(|| self.used_up()) {
            return Ok(Err(reason.into()));
        }
        self.record(self.request_step()).await?;
        self.steps += 1;
        let answer = match self.stream().await {
            Ok(answer) => self.accept(answer).await,
            Err(ending) => return Ok(Err(ending)),
        };
        self.usage = self.usage.plus(answer.usage);
        let step = Step::ModelAnswer {
            message: answer.message.clone(),
            usage: answer.usage,
            stop_reason: answer.stop_reason.clone(),
            text_before: self.answered_bytes,
            shown: self.shown_of(&answer.message),
        };
        self.record(step).await?;
        self.answered_bytes = self.text.len();
        let number = self.answers;
        self.answers += 1;
        Ok(Ok(PendingAnswer::new(
            answer.message,
            answer.stop_reason,
            number,
        )))
    }

    /// Asks, showing the text as it comes.
    async fn stream(&mut self) -> Result<Completion, Ending> {
        let redactor = Arc::clone(&self.turn.redactor);
        let mut clean = redactor.stream();
        let mut screen = TextEmitter {
            listener: &*self.turn.listener,
            text: &mut self.text,
            begun: false,
        };
        let show = |text: &str| screen.show(clean.push(text));
        let (turn, request) = (&self.turn, &self.request);
        let (provider, retry, run) = (&*turn.provider, &turn.retry, &turn.run_id);
        let asked = retry::ask(provider, request, retry, run, &redactor, show);
        let answer = unless_stopped(&turn.cancel, self.deadline, asked).await;
        screen.show(clean.finish());
        match answer {
            Err(reason) => Err(reason.into()),
            Ok(answer) => answer.map_err(|error| {
                let said = redactor.redact(&error.to_string());
                Ending::failed(error.code(), said)
            }),
        }
    }

    fn stopped(&self) -> Option<StopReason> {
        if self.turn.cancel.is_cancelled() {
            return Some(StopReason::Cancelled);
        }
        (Instant::now() >= self.deadline).then_some(StopReason::Timeout)
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, StopReason> {
        unless_stopped(&self.turn.cancel, self.deadline, work).await
    }

    fn request_step(&self) -> Step {
        Step::ModelRequest {
            provider: self.turn.provider.name().to_owned(),
            model: self.request.model.clone(),
            messages: self.request.messages.len(),
            tools: self.request.tools.len(),
            digest: self.request.digest(),
        }
    }

    /// What was shown of the answer that was just given, where that is not the message's own text.
    fn shown_of(&self, message: &Message) -> Option<String> {
        let shown = self.text.get(self.answered_bytes..).unwrap_or_default();
        let apart = self.answered_bytes > 0;
        let shown = shown
            .strip_prefix("\n\n")
            .filter(|_| apart)
            .unwrap_or(shown);
        (shown != message.text()).then(|| shown.to_owned())
    }
}

async fn unless_stopped<T>(
    cancel: &CancellationToken,
    deadline: Instant,
    work: impl Future<Output = T>,
) -> Result<T, StopReason> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(StopReason::Cancelled),
        () = tokio::time::sleep_until(deadline) => Err(StopReason::Timeout),
        done = work => Ok(done),
    }
}
