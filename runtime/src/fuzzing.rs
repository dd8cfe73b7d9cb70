//! A door for fuzzing to what otherwise only a component and a call reach.

use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::sink::cut;
use crate::tool::ListedTools;

/// Checks a tool's input schema as loading a skill does, and a call's arguments with it.
///
/// No part of this crate's interface: it may change or go at any time.
///
/// # Errors
/// Says what is wrong with the schema or the arguments.
#[doc(hidden)]
pub fn check_tool_schema(schema: &str, arguments: &str) -> Result<(), String> {
    const NAME: &str = "tool";
    let listed = ListedTools::check(vec![wit::Tool {
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
    }])?;
    let arguments = serde_json::from_str(arguments).map_err(|error| error.to_string())?;
    let schemas = listed.schemas(NAME).ok_or("it was not listed")?;
    let checked = schemas.input.validate(&arguments);
    checked.map_err(|error| cut(&error.to_string()).to_owned())
}
