//! The control plane: one axum router over the store, the agents and the runtime.
//!
//! **Invariant: this is the only crate that names axum, and what it answered with success was committed before.**
//!
//! A request passes a row of a `surface`, which says who may make it → a handler in `routes/<noun>/<verb>.rs` (extract, call the service, answer) → a
//! function in [`service`], which the command line calls too. Only [`ApiError`] makes HTTP statuses of errors. A run
//! is a task of its own: the connection that asked for it may go away, the run does not.

mod api_key_cache;
mod app;
pub mod config;
mod connections;
mod envelope;
mod error;
mod event_stream;
mod extract;
mod limiter;
mod middleware;
mod package_work;
mod preload;
mod public_url;
mod routes;
mod run;
mod scope;
mod serve;
pub mod service;
mod spool;
mod surface;

pub use app::{App, AppConfig};
pub use config::{ConnectionLimits, DescriptorBudget};
pub use error::ApiError;
pub use public_url::PublicUrl;
pub use routes::{build, openapi_json, operations};
pub use run::provider::ProviderConfig;
pub use scope::{Scope, Scopes};
pub use serve::serve;
pub use surface::{Access, Operation};
