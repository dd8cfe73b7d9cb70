//! The tool-call loop and the providers of language models.
//!
//! **Invariant:** every step of a run is committed to its [`Journal`] before it is acted on or shown
//! (a model's text streams as it comes; the answer that it belongs to is committed before its tools
//! run), so that a run that was killed goes on where it was.
//!
//! The crate names no database, no HTTP server and no sandbox: tools come in through [`Tools`], the
//! journal through [`Journal`], and a model's text goes out as it comes through [`TextListener`]. [`run`] is the whole loop:
//!
//! ```text
//! history ─► model ─► tool calls ─► results ─► model ─► … ─► end of turn, or of a budget
//! ```

pub mod embedding;
mod journal;
mod json;
mod live_text;
mod message;
pub mod provider;
mod redact;
mod tool;
pub mod turn;
mod untrusted_text;

pub use journal::{CallPlace, Failure, Journal, JournalError, Step};
pub use json::{MAX_ARGUMENT_DEPTH, MAX_DOCUMENT_DEPTH, nests_deeper_than};
pub use live_text::TextListener;
pub use message::{Message, Part, Role, StopReason, Usage};
pub use provider::anthropic::Anthropic;
pub use provider::demo::Demo;
pub use provider::retry::RetryPolicy;
pub use provider::scripted::Scripted;
pub use provider::{
    AnswerLimits, Completion, Delta, DeltaStream, HttpClient, Provider, ProviderError, Request,
};
pub use redact::Redactor;
pub use tool::{
    CallReceipt, PendingApproval, ProposedCall, ToolAnswer, ToolInvocation, ToolOrigin,
    ToolOutcome, ToolSpec, Tools, ToolsError, tool_name,
};
pub use turn::budget::Budget;
pub use turn::context::{Context, SkillNote};
pub use turn::ending::{JOURNAL_FAILED, last_step};
pub use turn::replay::transcript;
pub use turn::{RunInput, RunOutcome, run};
