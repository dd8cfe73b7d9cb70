//! The limits of the host's own work, by area: what the operator may set, and what is the same everywhere. Every figure has its
//! unit and its reason; the defaults suit one machine.

mod accounts;
mod agents;
mod chat;
mod logs;
mod packages;
mod pages;
mod places;
mod tasks;

pub use accounts::AccountLimits;
pub use agents::{MAX_AGENTS_PER_ACCOUNT, MAX_SKILLS_PER_AGENT};
pub(crate) use agents::{
    MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH, MAX_MARKDOWN_BYTES, MAX_SECRET_BYTES,
    MAX_SECRET_NAME_BYTES, MAX_SECRET_VALUE_BYTES, MAX_SECRETS,
};
pub use chat::MAX_LISTED_SESSIONS;
pub(crate) use chat::{
    MAX_CONTEXT_CHARS, MAX_HISTORY_BYTES, MAX_HISTORY_MESSAGES, MAX_MESSAGE_CHARS, MAX_PEER_CHARS,
    MAX_WAITING_MESSAGES,
};
pub use logs::LogLimits;
pub use packages::{LoadedSkillLimits, PackageLimits};
pub use pages::PageLimits;
pub use places::WorkPlaces;
pub(crate) use tasks::{MAX_DECISION_REASON_CHARS, MAX_TASK_SUBJECT_BYTES};
pub use tasks::{MAX_LISTED_ITEMS, TaskLimits};

/// All limits of the host's own work.
#[derive(Debug, Clone, Default)]
pub struct ServiceLimits {
    /// What one account may have.
    pub accounts: AccountLimits,
    /// Work on packages.
    pub packages: PackageLimits,
    /// Skills that are kept ready in memory.
    pub loaded_skills: LoadedSkillLimits,
    /// Runs, chats and streams at once.
    pub places: WorkPlaces,
    /// How much one answer reads.
    pub pages: PageLimits,
    /// Agents' logs.
    pub logs: LogLimits,
    /// Tasks that wait for a decision.
    pub tasks: TaskLimits,
}
