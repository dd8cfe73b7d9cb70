//! `completions`.

use clap::CommandFactory;

use crate::args::{Arguments, Completions};
use crate::exit::Outcome;
use crate::output::Output;

/// Prints the script that completes this command in a shell.
pub(crate) fn run(completions: &Completions, output: &Output) -> Outcome {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut command, name, &mut script);
    Ok(output.raw(&String::from_utf8(script)?)?)
}
