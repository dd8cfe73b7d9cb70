//! Runs one call of a skill in a fresh sandbox that holds only what was asked for and granted.
//!
//! The crate's invariant: **nothing reaches a guest that its manifest did not ask for and its user
//! did not grant, and nothing of one call is visible to the next.** This is the only crate that
//! names wasmtime. It knows no database, no HTTP server and no model.
//!
//! # A component as a library, in ten lines
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use skillgate_runtime::{Call, Runtime, RuntimeConfig};
//! use skillgate_skill::Package;
//!
//! let package = Package::read(&std::fs::read("calculator.skill")?)?;
//! let runtime = Runtime::new(RuntimeConfig::default())?;
//! let skill = runtime.load(&package).await?;
//! for tool in skill.tools() {
//!     println!("{}: {}", tool.name, tool.description);
//! }
//! let report = skill.call(Call::new("evaluate", r#"{"expression":"6*7"}"#)).await?;
//! println!("{} ({} µs)", report.outcome.for_model().0, report.receipt.duration_us);
//! # Ok(())
//! # }
//! ```
//!
//! The caller verifies the package's signature first ([`Package::verify`](skillgate_skill::Package::verify));
//! this crate enforces what the verified manifest asks for.

mod accounts;
mod agent_usage;
mod bindings;
mod cache;
mod call;
mod capability;
mod compile;
mod config;
mod egress;
mod engine;
mod epoch_ticker;
mod error;
mod folder;
mod grant_state;
mod guest_threads;
mod host_memory;
mod interpret;
mod interrupt;
mod limits;
mod link;
mod load;
mod machine;
mod outcome;
mod places;
mod receipt;
mod runtime;
mod sandbox;
mod schema;
mod secret;
mod signed_tool;
mod sink;
mod state;
mod tool;
mod tool_schema_probe;
mod turns;

pub use agent_usage::AgentUsage;
pub use call::{Call, StateScope};
pub use compile::compile_child;
pub use config::{
    Cache, CompileLimits, Compiler, EgressLimits, EgressPolicy, GuestConfig, OperatorLimits, Pool,
    RuntimeConfig, SchemaLimits, StorageLimits,
};
pub use egress::{
    Blocked, Body, ByteCounter, Egress, EgressError, NameLookup, RequestPolicy, SystemLookup,
};
pub use error::{Busy, CallFault, HostFault, LoadError};
pub use grant_state::GrantState;
pub use load::Skill;
pub use outcome::{Content, GuestFault, LimitHit, Outcome, Report, ToolError, ToolResult};
pub use places::{NoPlace, Place, PlaceLimits, Places};
pub use receipt::{Collected, MAX_RECEIPT, MAX_USES, Receipt, Sha256Digest, Use, Uses};
pub use runtime::{CompilePlace, Runtime};
pub use secret::{NoSecrets, Secret, SecretSource};
pub use sink::{Discard, LogLevel, MAX_LINE, Sink};
pub use tool::{Annotations, Tool};
#[doc(hidden)]
pub use tool_schema_probe::ToolSchemaProbe;
