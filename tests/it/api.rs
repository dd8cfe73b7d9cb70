//! The control plane over HTTP: authentication, scopes, limits, envelopes, agents, publisher keys; and one story on both databases.

mod agents;
mod auth;
mod consent;
mod envelope;
mod limits;
mod matrix;
mod permission_grants;
mod publisher_keys;
mod story;
mod tasks;
mod tool_approvals;
