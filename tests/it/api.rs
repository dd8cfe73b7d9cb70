//! The control plane over HTTP: authentication, scopes, limits, envelopes, accounts, agents, swarms, usage, publisher keys; and one
//! story on both databases.

mod account;
mod agent_status;
mod agent_update;
mod agents;
mod auth;
mod consent;
mod docs;
mod envelope;
mod idempotency;
mod identity_provider;
mod limits;
mod llms;
mod matrix;
mod permission_grants;
mod personality;
mod preconditions;
mod publisher_keys;
mod rules;
mod sessions;
mod story;
mod surfaces;
mod swarms;
mod tasks;
mod tenant_skills;
mod tokens;
mod tool_approvals;
mod usage;
mod versioning;
mod workflow;
