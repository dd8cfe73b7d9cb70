//! A skill: its tools, and one way to call any of them.

use serde::de::DeserializeOwned;

use crate::{Description, Tool, ToolError, ToolOutput};

/// One tool in the list that `skill!` makes.
#[derive(Clone, Copy, Debug)]
pub struct Registration {
    name: &'static str,
    describe: fn() -> Description,
    call: fn(&str) -> Result<ToolOutput, ToolError>,
}

impl Registration {
    /// The registration of `T`.
    pub const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            describe: T::describe,
            call: T::call,
        }
    }
}

/// Makes a skill of its tools. Stands once in the crate, at its root:
/// `skillgate_sdk::skill!(add, list::list);`.
///
/// It makes two functions, `tools()` and `call(name, arguments)`, for the crate's own tests, and in
/// the sandbox the exports that the host calls.
#[macro_export]
macro_rules! skill {
    ($($tool:path),+ $(,)?) => {
        const TOOLS: &[$crate::Registration] = &[$($crate::Registration::of::<$tool>()),+];
        const _: () = $crate::__private::distinct(TOOLS);

        /// The tools of this skill, as a model is shown them.
        pub fn tools() -> ::std::vec::Vec<$crate::Description> {
            $crate::__private::tools(TOOLS)
        }

        /// Calls one tool with a JSON object.
        ///
        /// # Errors
        /// What the tool returned, or that there is no such tool or the arguments do not fit.
        pub fn call(
            name: &str,
            arguments: $crate::__private::serde_json::Value,
        ) -> ::core::result::Result<$crate::ToolOutput, $crate::ToolError> {
            $crate::__private::call(TOOLS, name, &arguments.to_string())
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::__private::bindings;

            struct Skill;

            impl bindings::exports::skillgate::skill::tools::Guest for Skill {
                fn list_tools() -> ::std::vec::Vec<bindings::exports::skillgate::skill::tools::Tool> {
                    $crate::__private::list_tools(TOOLS)
                }

                fn call_tool(
                    name: ::std::string::String,
                    arguments: ::std::string::String,
                ) -> ::core::result::Result<
                    bindings::exports::skillgate::skill::tools::ToolResult,
                    bindings::exports::skillgate::skill::tools::ToolError,
                > {
                    $crate::__private::call_tool(TOOLS, &name, &arguments)
                }
            }

            bindings::export!(Skill with_types_in bindings);
        };
    };
}

/// Two tools of one name are an error when the skill is compiled: the host refuses such a skill.
pub const fn distinct(registered: &[Registration]) {
    let mut later = 1;
    while later < registered.len() {
        let mut earlier = 0;
        while earlier < later {
            let (one, other) = (registered[earlier].name, registered[later].name);
            assert!(
                !same(one.as_bytes(), other.as_bytes()),
                "two tools of this skill have the same name"
            );
            earlier += 1;
        }
        later += 1;
    }
}

/// Equality, in a form that works at compile time.
const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut place = 0;
    while place < one.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// All descriptions, in the order of registration.
pub fn tools(registered: &[Registration]) -> Vec<Description> {
    registered.iter().map(|tool| (tool.describe)()).collect()
}

/// Calls the tool of that name.
pub fn call(
    registered: &[Registration],
    name: &str,
    arguments: &str,
) -> Result<ToolOutput, ToolError> {
    match registered.iter().find(|tool| tool.name == name) {
        Some(tool) => (tool.call)(arguments),
        None => {
            let names: Vec<_> = registered.iter().map(|tool| tool.name).collect();
            let names = names.join(", ");
            Err(ToolError::InvalidArguments(format!(
                "there is no tool `{name}`; there are: {names}"
            )))
        }
    }
}

/// Reads a tool's arguments.
pub fn arguments<T: DeserializeOwned>(json: &str) -> Result<T, ToolError> {
    serde_json::from_str(json)
        .map_err(|error| ToolError::InvalidArguments(format!("the arguments do not fit: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &'static str) -> Registration {
        let describe = || unreachable!("only names are looked at");
        Registration {
            name,
            describe,
            call: |_| Ok(ToolOutput::default()),
        }
    }

    #[test]
    fn names_that_differ_are_distinct() {
        distinct(&[named("add"), named("adds"), named("sub")]);
    }

    #[test]
    #[should_panic = "the same name"]
    fn a_name_given_twice_is_found() {
        distinct(&[named("add"), named("sub"), named("add")]);
    }
}
