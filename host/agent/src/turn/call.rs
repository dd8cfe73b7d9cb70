//! The tool calls of one answer: all at once, each journalled before and after.

use std::pin::pin;
use std::sync::atomic::Ordering;

use futures::{StreamExt, stream};
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::RunState;
use super::replay::{CallState, NOT_RUN, PendingAnswer, UNKNOWN};
use crate::{
    CallPlace, JournalError, MAX_ARGUMENT_DEPTH, Part, ProposedCall, Step, StopReason, ToolAnswer,
    ToolInvocation, ToolOrigin, ToolOutcome, ToolsError,
};

/// The most calls that run at once; more wait for their turn.
const AT_ONCE: usize = 8;
/// The most bytes of a result that the model is given.
const LARGEST_RESULT: usize = 64 << 10;
/// The most characters of wrong arguments that are quoted to the model: it knows what it wrote.
const MAX_QUOTED_CHARACTERS: usize = 300;

/// One call, as the model wants it.
struct ToolCall {
    place: CallPlace,
    id: String,
    name: String,
    arguments: Value,
}

impl RunState {
    /// Runs all calls of an answer that have not ended yet. The results, in the order of the calls.
    pub(super) async fn run_tools(&self, open: &PendingAnswer) -> Result<Vec<Part>, JournalError> {
        let calls = open.calls().map(|(place, (id, name, arguments))| {
            let call = ToolCall {
                place,
                id: id.to_owned(),
                name: name.to_owned(),
                arguments: arguments.clone(),
            };
            self.run_tool(call, open.known(place).cloned())
        });
        let calls: Vec<_> = calls.collect();
        let results: Vec<_> = stream::iter(calls).buffered(AT_ONCE).collect().await;
        results.into_iter().collect()
    }

    async fn run_tool(
        &self,
        call: ToolCall,
        known: Option<CallState>,
    ) -> Result<Part, JournalError> {
        let known = match known {
            Some(CallState::Ended { content, outcome }) => {
                return Ok(call.result(content, outcome));
            }
            known => known,
        };
        if self.stopped().is_some() {
            return Ok(call.left_open(known.is_some()));
        }
        let attempt = match self.attempt(&call, known) {
            Ok(attempt) => attempt,
            Err(refused) => return self.end(call, refused).await,
        };
        let approved = self.approved(&call).await?;
        if self.stopped().is_some() {
            return Ok(call.left_open(attempt > 1));
        }
        if let Err(refused) = approved {
            return self.end(call, refused).await;
        }
        self.begin(&call, attempt).await?;
        let answer = self.call(&call).await;
        self.end(call, answer).await
    }

    /// Which attempt at this call is the next; or why there is none, as the model is told it.
    fn attempt(&self, call: &ToolCall, known: Option<CallState>) -> Result<u32, ToolAnswer> {
        match known {
            Some(CallState::Begun {
                repeatable: true,
                attempts,
            }) if attempts < self.turn.budget.call_attempts => Ok(attempts + 1),
            Some(_) => Err(ToolAnswer::new(ToolOutcome::Unknown, UNKNOWN)),
            None => match self.refusal(call) {
                Some(why) => Err(ToolAnswer::new(ToolOutcome::Limit, why)),
                None => Ok(1),
            },
        }
    }

    /// Which limit forbids a call that has not begun.
    fn refusal(&self, call: &ToolCall) -> Option<String> {
        let budget = &self.turn.budget;
        if call.place.call >= budget.answer_tool_calls {
            return Some(format!(
                "This tool was not run: one answer may call at most {} tools. Call the others in the next one.",
                budget.answer_tool_calls
            ));
        }
        if self.calls.fetch_add(1, Ordering::Relaxed) >= budget.tool_calls {
            return Some(format!(
                "This tool was not run: the limit of {} tool calls for one turn is reached.",
                budget.tool_calls
            ));
        }
        let bytes = self.bytes.load(Ordering::Relaxed);
        (bytes >= budget.journal_bytes).then(|| {
            format!(
                "This tool was not run: the limit of {} recorded bytes for one turn is reached.",
                budget.journal_bytes
            )
        })
    }

    /// Waits until a person approved a call that needs it; otherwise the answer that says why it may not begin.
    async fn approved(&self, call: &ToolCall) -> Result<Result<(), ToolAnswer>, JournalError> {
        if self.mistake(call).is_some() {
            // It is answered without reaching the tool.
            return Ok(Ok(()));
        }
        let proposed = ProposedCall {
            run_id: &self.turn.run_id,
            place: call.place,
            id: &call.id,
            name: &call.name,
            arguments: &call.arguments,
            time_left: self.deadline.saturating_duration_since(Instant::now()),
        };
        let asked = self.unless_stopped(self.turn.tools.approval(&proposed));
        let pending = match asked.await {
            Ok(Ok(Some(pending))) => pending,
            Ok(Ok(None)) => return Ok(Ok(())),
            Ok(Err(refused)) => return Ok(Err(refused)),
            Err(_) => return Ok(Err(not_run())),
        };
        self.record(Step::ToolWaiting {
            place: call.place,
            id: call.id.clone(),
            name: call.name.clone(),
            task_id: pending.task_id,
        })
        .await?;
        let decided = self.unless_stopped(pending.decision).await;
        Ok(decided.unwrap_or_else(|_| Err(not_run())))
    }

    async fn begin(&self, call: &ToolCall, attempt: u32) -> Result<(), JournalError> {
        let mut specs = self.request.tools.iter();
        let spec = specs.find(|spec| spec.name == call.name);
        let step = Step::ToolBegun {
            place: call.place,
            attempt,
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            // A tool that does not exist does nothing.
            repeatable: spec.is_none_or(|spec| spec.repeatable()),
            origin: self.origin(&call.name),
        };
        self.record(step).await
    }

    /// The skill that offers a tool; nothing where there is no such tool.
    fn origin(&self, tool: &str) -> ToolOrigin {
        let mut specs = self.request.tools.iter();
        let spec = specs.find(|spec| spec.name == tool);
        spec.map(|spec| spec.origin.clone()).unwrap_or_default()
    }

    async fn call(&self, call: &ToolCall) -> ToolAnswer {
        if let Some(mistake) = self.mistake(call) {
            return ToolAnswer::error(mistake);
        }
        let cancel = CancellationToken::new();
        let work = self.turn.tools.call(ToolInvocation {
            id: &call.id,
            name: &call.name,
            arguments: &call.arguments,
            cancel: cancel.clone(),
        });
        let mut work = pin!(work);
        match self.unless_stopped(&mut work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => self.host_failure(call, error),
            Err(reason) => {
                cancel.cancel();
                let cut = tokio::time::timeout(self.turn.budget.stop_grace, work).await;
                let receipt = match cut {
                    Ok(Ok(answer)) => answer.receipt,
                    Ok(Err(error)) => self.host_failure(call, error).receipt,
                    Err(_) => None,
                };
                ToolAnswer::new(ToolOutcome::Cancelled, cut_short(&reason)).with_receipt(receipt)
            }
        }
    }

    fn host_failure(&self, call: &ToolCall, error: ToolsError) -> ToolAnswer {
        let (run, tool) = (&self.turn.run_id, &call.name);
        tracing::error!(run, tool, %error, "the host failed to run a tool");
        let said = "The host failed to run this tool. Neither your call nor the tool is at fault.";
        ToolAnswer::new(ToolOutcome::HostFault, said).with_receipt(error.receipt)
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
        let wrong = "The arguments must be one JSON object that fits the tool's input schema, nested at most";
        (!call.arguments.is_object()).then(|| {
            let written = call.arguments.to_string();
            let quoted: String = written.chars().take(MAX_QUOTED_CHARACTERS).collect();
            format!("{wrong} {MAX_ARGUMENT_DEPTH} deep, not: {quoted}")
        })
    }

    async fn end(&self, call: ToolCall, answer: ToolAnswer) -> Result<Part, JournalError> {
        let content = self.content(answer.content).await;
        let step = Step::ToolEnded {
            place: call.place,
            id: call.id.clone(),
            name: call.name.clone(),
            content: content.clone(),
            outcome: answer.outcome,
            receipt: answer.receipt,
            origin: self.origin(&call.name),
        };
        self.record(step).await?;
        Ok(call.result(content, answer.outcome))
    }

    /// What the model is told: at most [`LARGEST_RESULT`] bytes without secrets, and a note when there were more.
    async fn content(&self, said: String) -> String {
        let whole = said.len();
        let redactor = &self.turn.redactor;
        let mut content = redactor.redact_long_beginning(said, LARGEST_RESULT).await;
        if whole > LARGEST_RESULT {
            let kept = content.len();
            let note = format!("\n[cut: these are the first {kept} of {whole} bytes]");
            content.push_str(&note);
        }
        content
    }
}

impl ToolCall {
    /// The result of a call that has no end when the turn is over. Nothing is recorded after the end of time, and `transcript` says
    /// the same of such a call.
    fn left_open(self, has_begun: bool) -> Part {
        let (said, outcome) = match has_begun {
            true => (UNKNOWN, ToolOutcome::Unknown),
            false => (NOT_RUN, ToolOutcome::Cancelled),
        };
        self.result(said.to_owned(), outcome)
    }

    fn result(self, content: String, outcome: ToolOutcome) -> Part {
        Part::ToolResult {
            id: self.id,
            name: self.name,
            content,
            is_error: outcome.is_error(),
        }
    }
}

fn not_run() -> ToolAnswer {
    ToolAnswer::new(ToolOutcome::Cancelled, NOT_RUN)
}

fn cut_short(reason: &StopReason) -> String {
    let why = match reason {
        StopReason::Timeout => "the turn's time was up",
        _ => "the turn was cancelled",
    };
    format!("Stopped before it ended, because {why}: whether it took effect is unknown.")
}
