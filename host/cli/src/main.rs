//! The `skillgate` command: a skill's life from `new` to `publish`, and the server.
//!
//! Invariant: the only crate that names clap and anyhow. Results go to stdout, everything else to stderr, every
//! way to end has a documented exit code, and nothing is asked when stdin is no terminal.

mod allocator;
mod args;
mod backup;
mod client;
mod command;
mod config_file;
mod docs;
mod environment;
mod exit;
mod grant;
mod key_file;
mod local;
mod origin;
mod output;
mod package;
mod seal;
mod signer;
mod template;
mod toolchain;

use std::process::ExitCode;

use crate::args::Command;
use crate::config_file::Typed;
use crate::output::{Format, Output};

fn main() -> ExitCode {
    allocator::return_large_allocations();
    let Typed {
        arguments,
        settings,
    } = config_file::parse(std::env::args_os());
    if let Command::CompileComponent = arguments.command {
        return skillgate_runtime::compile_child();
    }
    let output = Output::new(match arguments.global.json {
        true => Format::Json,
        false => Format::Text,
    });
    let ended = tokio::runtime::Runtime::new()
        .map_err(Into::into)
        .and_then(|tokio| tokio.block_on(command::run(arguments.command, &settings, &output)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}
