//! The control plane over HTTP: authentication, scopes, limits, envelopes, accounts, agents, swarms, usage, publisher keys; and one
//! story on both databases.

mod account;
mod agents;
mod auth;
mod consent;
mod envelope;
mod limits;
mod matrix;
mod publisher_keys;
mod story;
mod swarms;
mod usage;
