//! Write a Skillgate skill in Rust: ordinary functions become tools that run in a sandbox.
//!
//! Invariant: a skill's code is the same natively and in the sandbox; only `host` differs. In the
//! sandbox it is the host's imports, of which a component holds those it uses and no other;
//! natively it is memory, so that a skill's unit tests run with `cargo test`.
//!
//! ```
//! use skillgate_sdk::prelude::*;
//!
//! /// Greets somebody by name.
//! #[tool(read_only, idempotent)]
//! fn greet(
//!     /// Who is greeted.
//!     name: String,
//!     /// How often; once when left out.
//!     times: Option<u8>,
//! ) -> Result<String, ToolError> {
//!     if name.is_empty() {
//!         return Err(ToolError::invalid_arguments("`name` is empty; give the name of a person"));
//!     }
//!     Ok(format!("Hello, {name}!").repeat(times.unwrap_or(1).into()))
//! }
//!
//! skillgate_sdk::skill!(greet);
//!
//! # fn main() {
//! let output = call("greet", serde_json::json!({ "name": "Ada" })).unwrap();
//! assert_eq!(output.text(), "Hello, Ada!");
//! # }
//! ```
//!
//! - Each parameter is a property of the tool's arguments; its doc comment is the property's
//!   description, and `Option<T>` makes it optional. `#[serde(…)]` and `#[schemars(…)]` on a
//!   parameter work as on a field. One struct can be all arguments: `#[arguments] note: Note`.
//! - A tool returns text, [`Json`], a [`ToolOutput`], nothing, or a `Result` of these; `?` turns
//!   any standard error into a [`ToolError`].
//! - Files are `std::fs`, below the folders of the manifest: see [`files`].

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test may fail by panicking")
)]

mod error;
pub mod files;
#[cfg_attr(target_arch = "wasm32", path = "host/sandbox/mod.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "host/memory/mod.rs")]
mod host;
pub mod http;
pub mod kv;
pub mod log;
mod output;
pub mod progress;
mod schema;
pub mod secrets;
mod skill;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod tool;

pub use error::ToolError;
pub use output::{Blob, Content, IntoOutput, Json, ResourceLink, ToolOutput};
pub use skill::Registration;
pub use skillgate_sdk_macros::tool;
pub use tool::{Annotations, Description, Tool};

/// What nearly every skill uses: `use skillgate_sdk::prelude::*;`.
pub mod prelude {
    pub use crate::{Json, ToolError, ToolOutput, files, http, kv, log, progress, secrets, tool};
}

/// What the macros' code refers to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::schema::input_schema;
    pub use crate::skill::{arguments, call, distinct, tools};
    pub use {schemars, serde, serde_json};

    #[cfg(target_arch = "wasm32")]
    pub use crate::host::exports::{bindings, call_tool, list_tools};
}
