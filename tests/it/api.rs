//! The control plane over HTTP: authentication, scopes, limits, envelopes, agents, publisher keys; and one story on both databases.

mod agents;
mod auth;
mod consent;
mod docs;
mod envelope;
mod limits;
mod llms;
mod matrix;
mod publisher_keys;
mod story;
mod surfaces;
mod tenant_skills;
