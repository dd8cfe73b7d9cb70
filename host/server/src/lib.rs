//! The control plane: one axum router over the services.
//!
//! **Invariant: this is the only crate that names axum, and what it answered with success was committed before.**
//!
//! A request passes a row of a `surface`, which says who may make it → a handler in `routes/<noun>/<verb>.rs` (extract, call the
//! service, answer) → a service of [`skillgate_service`], which the command line calls too. Only [`ApiError`] makes HTTP statuses
//! of errors.

mod app;
pub mod config;
mod connections;
mod credential;
mod envelope;
mod error;
mod event_stream;
mod extract;
mod limiter;
mod middleware;
mod network;
mod routes;
mod run_events;
mod serve;
mod surface;

pub use app::{App, AppConfig};
pub use config::{ConnectionLimits, DescriptorBudget};
pub use envelope::Envelope;
pub use error::ApiError;
pub use routes::{build, openapi_json, operations};
pub use serve::serve;
pub use surface::{Access, Operation};
