//! A door for fuzzing and benches to what otherwise only a component and a call reach.

use std::panic::resume_unwind;
use std::time::Duration;

use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::config::SchemaLimits;
use crate::schema::{Misfit, SchemaThreads};
use crate::tool::ListedTools;

/// The name of the one tool that is tried.
const NAME: &str = "tool";
/// How long arguments wait for a thread; none is taken by others here.
const THREAD_TIMEOUT: Duration = Duration::from_secs(60);

/// One tool's input schema, compiled as loading a skill compiles it.
///
/// No part of this crate's interface: it may change or go at any time.
#[doc(hidden)]
pub struct ToolSchemaProbe {
    tools: ListedTools,
    threads: SchemaThreads,
}

impl ToolSchemaProbe {
    /// Checks and compiles a schema as loading a skill does. Needs a tokio runtime with time. A panic in the schema
    /// library, which costs a load in earnest, goes on to the caller here.
    ///
    /// # Errors
    /// Says what is wrong with the schema.
    pub async fn load(schema: &str) -> Result<Self, String> {
        let limits = SchemaLimits::default();
        let threads = SchemaThreads::new(limits.threads);
        let tool = tool(schema);
        let list = threads.on_list(move || ListedTools::check(vec![tool], &limits));
        let listed = list.await.map_err(|fault| fault.to_string())?;
        let tools = listed.unwrap_or_else(|_| resume_unwind(Box::new("a schema panicked")))?;
        Ok(Self { tools, threads })
    }

    /// Checks a call's arguments as a call does; a panic goes on to the caller.
    ///
    /// # Errors
    /// Says what is wrong with the arguments.
    pub async fn check(&self, arguments: &str) -> Result<(), String> {
        let schemas = self.tools.schemas(NAME).ok_or("the tool was not listed")?;
        let checked = schemas
            .input
            .check(arguments, self.threads.of(""), THREAD_TIMEOUT);
        match checked.await {
            Ok(_) => Ok(()),
            Err(Misfit::HostFailed) => resume_unwind(Box::new("checking arguments panicked")),
            Err(misfit) => Err(misfit.sentence("they", "are")),
        }
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
