//! `docs/cli.md`, made from the definitions of the commands, and `docs/openapi.json`, made from the rows of the surfaces.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use crate::args::Arguments;
use crate::environment;
use crate::exit::Exit;

/// The whole page.
pub(crate) fn markdown() -> String {
    let mut root = Arguments::command();
    root.build();
    let mut page = String::from(
        "<!-- Made by `skillgate generate-docs`; a test fails when this is out of date. -->\n\
         # The command line\n\n",
    );
    let about = root
        .get_about()
        .map(ToString::to_string)
        .unwrap_or_default();
    let _ = writeln!(page, "{about}\n");
    page += "Results go to stdout, everything said beside them to stderr. Nothing is asked when stdin is no terminal.\n";
    for command in visible(&root) {
        describe(command, &mut page);
    }
    exit_codes(&mut page);
    variables(&mut page);
    page
}

/// The document that the server shows at `/openapi.json`, for people who compare two versions of it.
pub(crate) fn openapi_json() -> String {
    format!("{:#}\n", skillgate_server::openapi_json())
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

/// A leaf of the tree of commands; a branch only leads to its leaves.
fn describe(command: &Command, page: &mut String) {
    if command.has_subcommands() {
        return visible(command).for_each(|below| describe(below, page));
    }
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let about = command.get_long_about().or(command.get_about());
    let usage = command.clone().render_usage().to_string();
    let _ = write!(
        page,
        "\n## `{name}`\n\n{}\n\n```console\n$ {}\n```\n",
        about.map(ToString::to_string).unwrap_or_default(),
        usage.trim_start_matches("Usage: ")
    );
    // Its arguments are those of another command, as its text says.
    if name.ends_with("config show") || name.ends_with("doctor") {
        return;
    }
    let arguments: Vec<_> = command
        .get_arguments()
        .filter(|argument| is_own(argument))
        .collect();
    if !arguments.is_empty() {
        page.push('\n');
        arguments
            .into_iter()
            .for_each(|argument| row(argument, page));
    }
}

/// `--help` and `--json` stand under every command; they are described once, by clap and at the end.
fn is_own(argument: &Arg) -> bool {
    !argument.is_global_set() && !argument.is_hide_set() && argument.get_id() != "help"
}

fn row(argument: &Arg, page: &mut String) {
    let help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let _ = write!(
        page,
        "- `{}`: {}",
        form(argument),
        help.trim_end_matches('.')
    );
    let defaults: Vec<_> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if !defaults.is_empty() && argument.get_action().takes_values() {
        let _ = write!(page, ". Default `{}`", defaults.join(","));
    }
    if let Some(variable) = argument.get_env() {
        let _ = write!(page, ". Environment: `{}`", variable.to_string_lossy());
    }
    page.push_str(".\n");
}

/// An argument as it is typed: `--output <FILE>`, `<PACKAGE>`.
fn form(argument: &Arg) -> String {
    let value = argument
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| format!("<{name}>"));
    let value = value.filter(|_| argument.get_action().takes_values());
    match (argument.get_short(), argument.get_long(), value) {
        (Some(short), Some(long), Some(value)) => format!("-{short}, --{long} {value}"),
        (Some(short), Some(long), None) => format!("-{short}, --{long}"),
        (None, Some(long), Some(value)) => format!("--{long} {value}"),
        (None, Some(long), None) => format!("--{long}"),
        (_, None, value) => value.unwrap_or_else(|| argument.get_id().to_string()),
    }
}

fn exit_codes(page: &mut String) {
    page.push_str("\n## Under every command\n\n- `--json`: results and errors as JSON.\n- `--help`: what stands here.\n");
    page.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in Exit::TABLE {
        let _ = writeln!(page, "| {code} | {meaning} |");
    }
}

fn variables(page: &mut String) {
    page.push_str("\n## Environment\n\n| variable | what it does |\n|---|---|\n");
    for (name, text) in environment::ALL {
        let _ = writeln!(page, "| `{name}` | {} |", text.trim());
    }
    for (name, text) in environment::of_providers() {
        let _ = writeln!(page, "| `{name}` | {text} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        let committed =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md"))
                .unwrap_or_default();
        assert!(
            committed == markdown(),
            "run: cargo run -p skillgate -- generate-docs > docs/cli.md"
        );
    }

    #[test]
    fn the_openapi_document_is_up_to_date() {
        let committed = std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/openapi.json"
        ));
        assert!(
            committed.unwrap_or_default() == openapi_json(),
            "run: cargo run -p skillgate -- generate-openapi > docs/openapi.json"
        );
    }

    #[test]
    fn every_variable_of_an_option_is_described() {
        let mut root = Arguments::command();
        root.build();
        for command in root.get_subcommands() {
            for variable in command.get_arguments().filter_map(Arg::get_env) {
                let variable = variable.to_str().unwrap();
                assert!(
                    environment::ALL.iter().any(|(name, _)| *name == variable),
                    "{variable}"
                );
            }
        }
    }
}
