//! The limits of the host's own work, by area: what the operator may set, and what is the same everywhere. Every figure has its
//! unit and its reason; the defaults suit one machine.

mod accounts;
mod agents;
mod auth;
mod chat;
mod knowledge;
mod logs;
mod packages;
mod pages;
mod places;
mod runs;
mod swarms;
mod tasks;
mod usage;

pub use accounts::AccountLimits;
pub(crate) use accounts::{MAX_MODEL_NAME_CHARS, MAX_MODELS_PER_TIER};
pub use agents::{MAX_AGENTS_PER_ACCOUNT, MAX_LISTED_POOL_SKILLS, MAX_SKILLS_PER_AGENT};
pub(crate) use agents::{
    MAX_ASSIGNMENT_CONFIG_BYTES, MAX_AVATAR_URL_BYTES, MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH,
    MAX_MARKDOWN_BYTES, MAX_NAME_CHARS, MAX_PERSONALITY_VERSIONS, MAX_RULE_BYTES,
    MAX_RULE_NAME_CHARS, MAX_RULES, MAX_SECRET_BYTES, MAX_SECRET_NAME_BYTES,
    MAX_SECRET_VALUE_BYTES, MAX_SECRETS,
};
pub use auth::{
    CONSOLE_SESSION_LIFETIME, DEFAULT_TOKEN_SECONDS, IDEMPOTENCY_LIFETIME, MAX_CONSOLE_SESSIONS,
    MAX_IDEMPOTENCY_KEY_BYTES, MAX_IDEMPOTENT_ANSWER_BYTES, MAX_TOKEN_SECONDS,
};
pub(crate) use auth::{
    IDEMPOTENCY_CLAIM, IDENTITY_KEYS_EARLY, IDENTITY_KEYS_FRESH, IDENTITY_KEYS_INTERVAL,
    IDENTITY_KEYS_STALE, IDENTITY_PROVIDER_TIMEOUT, MAX_CLOCK_SKEW, MAX_IDENTITY_DOCUMENT_BYTES,
    MAX_IDENTITY_KEYS, MAX_IDENTITY_TOKEN_SECONDS, MAX_TOKEN_BYTES,
};
pub use chat::MAX_LISTED_SESSIONS;
pub(crate) use chat::{
    MAX_CONTEXT_CHARS, MAX_HISTORY_BYTES, MAX_HISTORY_MESSAGES, MAX_MESSAGE_CHARS, MAX_PEER_CHARS,
    MAX_WAITING_MESSAGES,
};
pub(crate) use knowledge::{
    DUPLICATE_COSINE, EMBEDDED_AT_ONCE, EMBEDDING_PAUSE, MAX_METADATA_BYTES, MAX_METADATA_DEPTH,
    MAX_QUERY_CHARS, MAX_SENT_METADATA_BYTES, MAX_SOURCE_CHARS,
};
pub use knowledge::{
    KnowledgeLimits, MAX_CHUNK_CHARS, MAX_CHUNKS, MAX_LISTED_ENTRIES, MAX_SEARCH_RESULTS,
};
pub use logs::LogLimits;
pub use packages::{LoadedSkillLimits, PackageLimits};
pub use pages::PageLimits;
pub use places::WorkPlaces;
pub use runs::MAX_LISTED_RUNS;
pub(crate) use runs::{CANCEL_TIMEOUT, MAX_RECENT_EVENT_BYTES};
pub(crate) use swarms::{
    MAX_SWARM_CREDENTIAL_BYTES, MAX_SWARM_DESCRIPTION_CHARS, MAX_SWARM_ICON_CHARS,
    MAX_SWARM_NAME_CHARS, MAX_SWARM_SLUG_CHARS, MAX_SWARMS_PER_ACCOUNT,
};
pub(crate) use tasks::{MAX_DECISION_REASON_CHARS, MAX_TASK_SUBJECT_BYTES};
pub use tasks::{MAX_LISTED_ITEMS, TaskLimits};
pub(crate) use usage::{DEFAULT_USAGE_DAYS, MAX_USAGE_DAYS, MAX_USAGE_GROUPS};

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
    /// Knowledge.
    pub knowledge: KnowledgeLimits,
    /// Tasks that wait for a decision.
    pub tasks: TaskLimits,
}
