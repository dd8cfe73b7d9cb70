//! The turn: model → tool calls → results → model → … until the model is done or a budget is.

pub mod budget;
mod call;
pub mod context;
pub mod replay;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::provider::retry;
use crate::{
    Answer, Budget, Event, Failure, Journal, JournalError, Message, Part, Provider, ProviderError,
    Redactor, Request, RetryPolicy, Step, StopReason, Tools, Usage,
};
use replay::{Open, Replay, push};

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
    let mut replay = Replay::of(&turn.resume);
    let open = replay.open.take();
    let ended = replay.ended.take();
    let mut run = Run::new(turn, replay);
    if let Some((stop_reason, error)) = ended {
        return run.report(Ending { stop_reason, error });
    }
    let finished = match run.drive(open).await {
        Ok(ending) => run.finish(ending).await,
        Err(error) => Err(error),
    };
    finished.unwrap_or_else(|error| run.give_up(&error))
}

/// Why a run is over.
struct Ending {
    stop_reason: StopReason,
    error: Option<Failure>,
}

impl From<StopReason> for Ending {
    fn from(stop_reason: StopReason) -> Self {
        let error = None;
        Self { stop_reason, error }
    }
}

impl From<ProviderError> for Ending {
    fn from(error: ProviderError) -> Self {
        Self::failed(error.code(), error.to_string())
    }
}

impl Ending {
    fn failed(code: &str, message: String) -> Self {
        let code = code.to_owned();
        Self {
            stop_reason: StopReason::Error,
            error: Some(Failure { code, message }),
        }
    }
}

/// The longest wall time that is kept to: a month. Keeps the sum with the clock in range.
const LONGEST_WALL: Duration = Duration::from_secs(30 * 24 * 3600);

/// A turn that is under way.
struct Run {
    turn: Turn,
    /// What the model is asked next: the history and all that this run added to it.
    request: Request,
    deadline: Instant,
    text: String,
    usage: Usage,
    steps: u32,
}

impl Run {
    fn new(mut turn: Turn, replay: Replay) -> Self {
        let mut messages = std::mem::take(&mut turn.history);
        messages.extend(replay.messages);
        let request = Request {
            model: turn.model.clone(),
            system: std::mem::take(&mut turn.system),
            messages,
            tools: turn.tools.specs(),
            max_tokens: 0,
        };
        Self {
            request,
            deadline: Instant::now() + turn.budget.wall.min(LONGEST_WALL),
            text: replay.text,
            usage: replay.usage,
            steps: replay.steps,
            turn,
        }
    }

    /// The loop. `open` is an answer whose tools have not all run yet.
    async fn drive(&mut self, mut open: Option<Open>) -> Result<Ending, JournalError> {
        loop {
            if let Some(open) = open.take()
                && let Some(ending) = self.settle(open).await?
            {
                return Ok(ending);
            }
            match self.ask().await? {
                Ok(answer) => open = Some(Open::new(answer.message, answer.stop_reason)),
                Err(ending) => return Ok(ending),
            }
        }
    }

    /// Does what an answer asks for. The end of the run, or `None` when the model is to be asked again.
    async fn settle(&mut self, open: Open) -> Result<Option<Ending>, JournalError> {
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
        Ok(None)
    }

    /// One answer of the model, committed; or why there is none.
    async fn ask(&mut self) -> Result<Result<Answer, Ending>, JournalError> {
        match self.turn.budget.reserve(self.steps, &self.usage) {
            Ok(tokens) => self.request.max_tokens = tokens,
            Err(reason) => return Ok(Err(reason.into())),
        }
        if let Some(reason) = self.stopped() {
            return Ok(Err(reason.into()));
        }
        self.turn.journal.append(self.request_step()).await?;
        self.steps += 1;
        let mut answer = match self.stream().await {
            Ok(answer) => answer,
            Err(ending) => return Ok(Err(ending)),
        };
        self.usage = self.usage.plus(answer.usage);
        self.redact(&mut answer.message);
        let step = Step::ModelAnswer {
            message: answer.message.clone(),
            usage: answer.usage,
            stop_reason: answer.stop_reason.clone(),
        };
        self.turn.journal.append(step).await?;
        Ok(Ok(answer))
    }

    /// Asks, showing the text as it comes.
    async fn stream(&mut self) -> Result<Answer, Ending> {
        let redactor = Arc::clone(&self.turn.redactor);
        let mut clean = redactor.stream();
        let mut screen = Screen {
            events: &self.turn.events,
            text: &mut self.text,
            begun: false,
        };
        let show = |text: String| screen.show(clean.push(&text));
        let (turn, request) = (&self.turn, &self.request);
        let asked = retry::ask(&*turn.provider, request, &turn.retry, &turn.run_id, show);
        let answer = unless_stopped(&turn.cancel, self.deadline, asked).await;
        screen.show(clean.finish());
        match answer {
            Err(reason) => Err(reason.into()),
            Ok(answer) => answer.map_err(Ending::from),
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

    fn redact(&self, message: &mut Message) {
        for part in &mut message.parts {
            if let Part::Text { text } = part {
                *text = self.turn.redactor.redact(text);
            }
        }
    }

    fn screen(&mut self) -> Screen<'_> {
        Screen {
            events: &self.turn.events,
            text: &mut self.text,
            begun: false,
        }
    }

    fn send(&self, event: Event) {
        send(&self.turn.events, event);
    }

    /// Says why, if a limit was the reason; commits the end; then tells it.
    async fn finish(&mut self, ending: Ending) -> Result<Outcome, JournalError> {
        let notice = self.turn.budget.notice(&ending.stop_reason, &self.usage);
        self.screen().show(notice.unwrap_or_default());
        let Ending { stop_reason, error } = ending;
        let step = Step::Ended {
            stop_reason: stop_reason.clone(),
            text: self.text.clone(),
            usage: self.usage,
            error: error.clone(),
        };
        self.turn.journal.append(step).await?;
        Ok(self.report(Ending { stop_reason, error }))
    }

    /// The last events, and the outcome.
    fn report(&self, ending: Ending) -> Outcome {
        let Ending { stop_reason, error } = ending;
        self.send(Event::Usage {
            input_tokens: self.usage.all_input(),
            output_tokens: self.usage.output_tokens,
        });
        self.send(match &error {
            Some(Failure { code, message }) => Event::Error {
                code: code.clone(),
                message: message.clone(),
            },
            None => Event::Done {
                run_id: self.turn.run_id.clone(),
                stop_reason: stop_reason.clone(),
            },
        });
        Outcome {
            stop_reason,
            text: self.text.clone(),
            usage: self.usage,
            error,
        }
    }

    /// The end of a run that can't be committed: nothing was acted on, and a restart goes on from the journal.
    fn give_up(&self, error: &JournalError) -> Outcome {
        tracing::error!(run = self.turn.run_id, %error, "a run stopped");
        let message = "The server could not record this run, and stopped it. It goes on when the server restarts.";
        self.report(Ending::failed("journal_failed", message.to_owned()))
    }
}

/// Where text is shown and gathered.
struct Screen<'a> {
    events: &'a UnboundedSender<Event>,
    text: &'a mut String,
    /// Whether this answer has shown anything yet.
    begun: bool,
}

impl Screen<'_> {
    fn show(&mut self, more: String) {
        if more.is_empty() {
            return;
        }
        let apart = !self.begun && !self.text.is_empty();
        let content = if apart { format!("\n\n{more}") } else { more };
        self.begun = true;
        self.text.push_str(&content);
        send(self.events, Event::Text { content });
    }
}

/// A receiver that hung up does not stop the run: what it misses is in the journal.
fn send(events: &UnboundedSender<Event>, event: Event) {
    let _ = events.send(event);
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
