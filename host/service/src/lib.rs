//! What the host does, with typed input, for every surface and the command line.
//!
//! **Invariant: nothing here names HTTP or a command line, and what a service answered with success was committed before.**
//!
//! Each noun has a service, a struct with the parts it needs; [`Services`] builds them. A run is a task of its own: whoever asked
//! for it may go away, the run does not.

mod accounts;
mod actor;
pub mod agents;
mod api_keys;
mod assignments;
mod background;
mod cache;
pub mod chat;
pub mod config;
mod console_sessions;
mod credentials;
mod error;
mod id;
mod idempotency;
mod knowledge;
mod loaded_skills;
pub mod logs;
mod model_tiers;
mod package_work;
pub mod packages;
mod peer;
mod pending_tasks;
mod permission_grants;
mod places;
mod plan;
mod preload;
mod prices;
mod public_url;
mod publisher_keys;
mod run;
mod runs;
mod scope;
mod secrets;
mod services;
mod skills;
mod store_errors;
mod swarms;
mod tasks;
mod tokens;
mod usage;
mod validate;

pub use accounts::{AccountOverview, Accounts};
pub use actor::Actor;
pub use agents::{
    AgentUsage, Agents, CreateAgent, Personality, RuleName, SetPersonality, StatusNow, UpdateAgent,
};
pub use api_keys::{ApiKeys, CreateApiKey, parse_scopes};
pub use assignments::{
    AssignSkill, Assignments, ChangeAssignment, ConsentDifference, ConsentRequired, InstallSkill,
    Installed, OtherVersion, Uninstalled,
};
pub use background::Background;
pub use chat::{Chat, SendMessage};
pub use console_sessions::{ConsoleSessions, OpenedSession};
pub use credentials::{
    CallerCache, Credential, IdentityProviderConfig, IssuerUrl, KnownCaller, Presented,
};
pub use error::{ErrorKind, ServiceError, error_chain};
pub use id::{
    AccountId, AgentId, ApiKeyId, KnowledgeEntryId, PermissionGrantId, PersonalityVersionNumber,
    PublisherKeyRef, RunId, SessionId, SkillRef, SwarmId, TaskId,
};
pub use idempotency::{Attempt, FirstAttempt, Idempotency};
pub use knowledge::{
    FoundKnowledge, Ingested, Knowledge, KnowledgeChunk, KnowledgeSelection, KnowledgeTarget,
    ReceivingPlace,
};
pub use logs::Logs;
pub use model_tiers::ModelTiers;
pub use packages::Packages;
pub use permission_grants::{ChangePermissionGrant, ListPermissionGrants, PermissionGrants};
pub use plan::Plan;
pub use public_url::PublicUrl;
pub use publisher_keys::{CHALLENGE_LIFETIME, Challenge, MAX_PROOF_SKEW, PublisherKeys};
pub use run::event::{EventId, RunEvent};
pub use run::listener::RunListener;
pub use run::provider::{OperatorProvider, ProviderConfig};
pub use runs::Runs;
pub use scope::{Scope, Scopes};
pub use services::{ServiceConfig, Services};
pub use skillgate_agent::{StopReason, ToolOrigin, ToolOutcome};
pub use skills::{ListPool, PoolPage, Skills};
pub use swarms::{CreateSwarm, SwarmDetails, SwarmOverview, Swarms, UpdateSwarm};
pub use tasks::{ListTasks, Tasks};
pub use tokens::{IssueToken, IssuedToken, TokenKey, Tokens};
pub use usage::{Usage, UsageQuery, UsageReport};
