//! The domain model on SQLite and PostgreSQL.
//!
//! **Invariant: this is the only crate that names sqlx, and what a verb acknowledged is committed.**
//!
//! [`Store`] is the one type; its verbs are grouped by noun, one file each. They hold three promises:
//!
//! - *What an account owns, only that account reaches.* Every verb on an owned thing takes the account's id and answers
//!   `None` or `false` for another's thing, exactly as for one that does not exist. The few that take no account
//!   ([`Store::find_api_key`], [`Store::unfinished_runs`], [`Store::append_step`], …) say why.
//! - *What was acknowledged survives `kill -9` and loss of power.* A verb that changes several rows does so in one
//!   transaction. SQLite runs with a write-ahead log and `synchronous=FULL`: a commit returns after the log is on the
//!   disk, and a log cut short by a crash is ignored from the first incomplete commit on (<https://sqlite.org/wal.html>).
//!   PostgreSQL does the same with its defaults.
//! - *What is secret is sealed.* API keys are kept as an HMAC under a pepper, agents' secrets encrypted by a key of their
//!   account, which is encrypted by a key derived from the [`MasterKey`]; nothing of them shows in `Debug` or an error.
//!
//! Several processes may use one database at the same time, a server and the command line beside it, say: writers wait
//! for each other, readers never wait. SQL is written once for both databases (see `db.rs`); what one has and the other
//! lacks is not used.
//!
//! Ids are UUID v7 text, with a prefix where the API shows one; times are microseconds; JSON is text.

mod account;
mod agent;
mod agent_rule;
mod agent_update;
mod api_key;
mod assignment;
mod assignment_change;
mod backup;
mod change;
mod connect;
mod console_session;
mod conversation;
mod db;
mod error;
mod grant;
mod granted_skill;
mod id;
mod idempotency_key;
mod inspect;
mod installation;
mod json;
mod json_column;
mod knowledge_addition;
mod knowledge_deletion;
mod knowledge_entry;
mod knowledge_scope;
mod knowledge_text;
mod knowledge_vector;
mod log;
mod master_key;
mod message;
mod migrations;
mod pages;
mod personality;
mod pool;
mod publish;
mod publisher_key;
mod publisher_key_challenge;
mod run;
mod run_list;
mod seal;
mod secret;
mod session;
mod skill;
mod step;
mod store;
mod swarm;
mod task;
mod time;
mod usage;
mod version;
mod version_number;

pub use account::{Account, AccountChanges};
pub use agent::{
    Agent, AgentCounts, AgentError, AgentStatus, AgentSummary, AgentToStart, NewAgent,
};
pub use agent_rule::{AgentRule, NewAgentRule};
pub use agent_update::HeldSecrets;
pub use api_key::{ApiKey, IssuedKey, NewApiKey};
pub use assignment::{Assignment, AssignmentGrant, AssignmentSettings, NewAssignment};
pub use assignment_change::AssignmentChange;
pub use backup::{BackupError, Import, TableChunk};
pub use change::Change;
pub use console_session::{ConsoleSession, IssuedConsoleSession};
pub use db::Tx;
pub use error::{Conflict, Limit, Limited, StoreError};
pub use grant::{Grant, GrantChange, GrantFilter, GrantMode, NamedGrant, NewGrant};
pub use granted_skill::{GrantedSkill, VersionSource};
pub use idempotency_key::{IdempotencyClaim, IdempotentRequest, MAX_IDEMPOTENCY_KEYS};
pub use inspect::StoreInspection;
pub use installation::{Installation, Source};
pub use knowledge_addition::{KnowledgeAdded, MostKnowledge, NewKnowledge, NewKnowledgeEntry};
pub use knowledge_entry::{KnowledgeEntry, MAX_KNOWLEDGE_FOUND};
pub use knowledge_scope::{KnowledgeOwner, KnowledgeScope};
pub use knowledge_text::{KnowledgeQuery, knowledge_terms};
pub use knowledge_vector::{KnowledgeVector, OutdatedKnowledge, VectorRange};
pub use log::{LogLine, NewLogLine};
pub use master_key::MasterKey;
pub use message::{History, Message, NewMessage, Role};
pub use pages::{Said, StepPage};
pub use personality::{
    PersonalityChange, PersonalityHead, PersonalityOutcome, PersonalityVersion, PersonalityWritten,
};
pub use pool::{AssignedAgent, AssignedSkill, PoolFilter, PoolSkill};
pub use publish::{NewVersion, PackageLimits, Published};
pub use publisher_key::{NewPublisherKey, PublisherKey};
pub use publisher_key_challenge::MAX_OPEN_CHALLENGES;
pub use run::{NewRun, Run, RunEnd, RunStatus};
pub use run_list::{RunPage, RunSummary};
pub use seal::SecretText;
pub use secret::{SecretChanges, SecretLimits, SecretOwner};
pub use session::Session;
pub use skill::{Access, Skill, SkillKind};
pub use step::{NewStep, Step};
pub use store::{Page, Store, StoreConfig};
pub use swarm::{NewSwarm, Swarm, SwarmAgent, SwarmChanges, SwarmRef};
pub use task::{Decision, NewTask, Task, TaskFilter, TaskKind, TaskLimits, TaskStatus};
pub use time::{Clock, Timestamp, system_clock};
pub use usage::{NewUsage, UsageGrouping, UsageKind, UsageRow, UsageTotals};
pub use version::{PackageUsage, TrustLevel, Version, VersionHead};
pub use version_number::VersionNumber;
