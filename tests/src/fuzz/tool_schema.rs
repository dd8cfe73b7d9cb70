//! JSON Schemas that skills list, and arguments that are checked with them.

use std::sync::OnceLock;

use skillgate_runtime::ToolSchemaProbe;
use tokio::runtime::{Builder, Runtime};

/// Errors quote what was wrong, cut; the rest is our own words.
const MAX_ERROR: usize = 8192;

/// The first line of the input is a tool's input schema, the rest is a call's arguments.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (schema, arguments) = text.split_once('\n').unwrap_or((text, "{}"));
    let checked = runtime().block_on(async {
        let schema = ToolSchemaProbe::load(schema).await?;
        schema.check(arguments).await
    });
    if let Err(error) = checked {
        let size = error.len();
        assert!(size <= MAX_ERROR, "an error of {size} bytes");
    }
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime for one thread")
    })
}
