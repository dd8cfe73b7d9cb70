//! Lists the tools that a test writes into the component's bytes, and answers what it writes there.

/// Input schemas, one a line: each makes a tool, `tool0`, `tool1`, … Runs of `\x01` as built.
#[cfg(target_arch = "wasm32")]
static INPUT_SCHEMAS: [u8; 256 << 10] = [1; 256 << 10];
/// The output schema of all tools; empty for none. Runs of `\x02` as built.
#[cfg(target_arch = "wasm32")]
static OUTPUT_SCHEMA: [u8; 8 << 10] = [2; 8 << 10];
/// The structured result of all tools. Runs of `\x03` as built.
#[cfg(target_arch = "wasm32")]
static STRUCTURED: [u8; 64 << 10] = [3; 64 << 10];

#[cfg(target_arch = "wasm32")]
const _: () = {
    use std::hint::black_box;

    use skillgate_sdk::__private::bindings;
    use skillgate_sdk::__private::bindings::exports::skillgate::skill::tools::{
        Annotations, Guest, Tool, ToolError, ToolResult,
    };

    struct Lister;

    impl Guest for Lister {
        fn list_tools() -> Vec<Tool> {
            let output = text(&OUTPUT_SCHEMA);
            let tool = |(number, schema): (usize, &str)| Tool {
                name: format!("tool{number}"),
                title: None,
                description: "Does nothing.".into(),
                input_schema: schema.into(),
                output_schema: (!output.is_empty()).then(|| output.clone()),
                annotations: Annotations {
                    read_only: true,
                    destructive: false,
                    idempotent: true,
                    open_world: false,
                },
            };
            let schemas = text(&INPUT_SCHEMAS);
            schemas.lines().enumerate().map(tool).collect()
        }

        fn call_tool(_name: String, _arguments: String) -> Result<ToolResult, ToolError> {
            Ok(ToolResult {
                content: Vec::new(),
                structured: Some(text(&STRUCTURED)),
            })
        }
    }

    bindings::export!(Lister with_types_in bindings);

    /// What a test wrote, without the space that it did not use.
    fn text(bytes: &'static [u8]) -> String {
        String::from_utf8_lossy(black_box(bytes)).trim_end().into()
    }
};
