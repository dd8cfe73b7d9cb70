//! What a tool is; `#[tool]` implements it.

use serde_json::Value;

use crate::{ToolError, ToolOutput};

/// One tool of a skill. Implemented by the `#[tool]` attribute.
pub trait Tool {
    /// Unique within the skill: 1 to 64 of `a-z A-Z 0-9 _ -`.
    const NAME: &'static str;

    /// What a model is shown. The same at every call.
    fn describe() -> Description;

    /// Calls the tool with a JSON object.
    ///
    /// # Errors
    /// What the tool returned, or [`ToolError::InvalidArguments`] when the JSON does not fit.
    fn call(arguments: &str) -> Result<ToolOutput, ToolError>;
}

/// A tool as a model is shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Unique within the skill.
    pub name: &'static str,
    /// A short name for people.
    pub title: Option<&'static str>,
    /// The function's doc comment.
    pub description: &'static str,
    /// JSON Schema 2020-12 of the arguments; its type is `object`.
    pub input_schema: Value,
    /// JSON Schema 2020-12 of the structured result.
    pub output_schema: Option<Value>,
    /// What a call does to the world.
    pub annotations: Annotations,
}

/// Hints on what a call does, for whoever decides whether it may run, or run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Changes nothing outside the sandbox.
    pub read_only: bool,
    /// May delete or overwrite what was there.
    pub destructive: bool,
    /// A second call with the same arguments changes nothing more.
    pub idempotent: bool,
    /// Reaches things outside the host, such as the web.
    pub open_world: bool,
}
