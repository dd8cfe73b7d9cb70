//! A door for fuzzing to what otherwise only a component and a call reach.

use std::panic::resume_unwind;
use std::time::Duration;

use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::config::SchemaLimits;
use crate::schema::{Misfit, SchemaThreads};
use crate::tool::ListedTools;

/// The name of the one tool that is tried.
const NAME: &str = "tool";
/// How long arguments wait for a thread; none is taken by others here.
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks a tool's input schema as loading a skill does, and a call's arguments with it as a call does. Needs a
/// tokio runtime with time. A panic in the schema library, which costs a call in earnest, goes on to the caller here.
///
/// No part of this crate's interface: it may change or go at any time.
///
/// # Errors
/// Says what is wrong with the schema or the arguments.
#[doc(hidden)]
pub async fn check_tool_schema(schema: &str, arguments: &str) -> Result<(), String> {
    let limits = SchemaLimits::default();
    let threads = SchemaThreads::new(limits.threads);
    let tool = tool(schema);
    let list = threads.on_list(move || ListedTools::check(vec![tool], &limits));
    let listed = list.await.map_err(|fault| fault.to_string())?;
    let listed = listed.unwrap_or_else(|_| resume_unwind(Box::new("a schema panicked")))?;
    let schemas = listed.schemas(NAME).ok_or("the tool was not listed")?;
    match schemas.input.check(arguments, &threads, PATIENCE).await {
        Ok(_) => Ok(()),
        Err(Misfit::HostFailed) => resume_unwind(Box::new("checking arguments panicked")),
        Err(misfit) => Err(misfit.sentence("they", "are")),
    }
}

fn tool(schema: &str) -> wit::Tool {
    wit::Tool {
        name: NAME.to_owned(),
        title: None,
        description: String::new(),
        input_schema: schema.to_owned(),
        output_schema: None,
        annotations: wit::Annotations {
            read_only: true,
            destructive: false,
            idempotent: true,
            open_world: false,
        },
    }
}
