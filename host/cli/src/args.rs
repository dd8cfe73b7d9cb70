//! The command line as it is typed. What it means is decided in [`crate::command`].

mod account;
mod author;
mod backup;
mod key;
mod limits;
mod package;
mod remote;
mod serve;
mod shell;

pub(crate) use account::{
    AccountCommand, AccountCreate, AccountList, AccountSet, ApiKeyCommand, ApiKeyCreate, Limit,
    PlanChanges,
};
pub(crate) use author::{Build, New, Run, Secret};
pub(crate) use backup::{Backup, Restore};
pub(crate) use key::{KeysCommand, KeysNew, KeysShow};
pub(crate) use limits::Limits;
pub(crate) use package::{Inspect, KeyChoice, Sign, Verify};
pub(crate) use remote::{Chat, Install, Publish, Remote};
pub(crate) use serve::{Database, IdentityProvider, LogFormat, Serve};
pub(crate) use shell::{Completions, Man};

use clap::{Args, Parser, Subcommand};

use crate::exit::Exit;

/// Skills for AI agents in WebAssembly sandboxes: write them, sign them, serve agents that use them.
#[derive(Debug, Parser)]
#[command(name = "skillgate", version, max_term_width = 100, after_help = exit_codes())]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Print results, and errors, as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    New(New),
    Build(Build),
    Run(Run),
    /// Make and show signing keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    Sign(Sign),
    Verify(Verify),
    Inspect(Inspect),
    Publish(Publish),
    Install(Install),
    Chat(Chat),
    Serve(Box<Serve>),
    Backup(Backup),
    Restore(Restore),
    /// Check what a server needs: kernel, limits, disk, clock, database, keys, providers.
    ///
    /// Takes the options of `skillgate serve`, changes nothing, and says what to do about what is missing. Ends with 1 when a check failed.
    Doctor(Box<Serve>),
    /// See how a server would be configured.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage the API keys of a server, in its data folder.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Manage the accounts of a server, in its data folder.
    #[command(subcommand)]
    Account(AccountCommand),
    Completions(Completions),
    Man(Man),
    /// Compile the component on stdin and write machine code to stdout, within limits. The server starts it.
    #[command(hide = true)]
    CompileComponent,
    /// Print docs/cli.md.
    #[command(hide = true)]
    GenerateDocs,
    /// Print docs/openapi.json.
    #[command(hide = true)]
    GenerateOpenapi,
}

/// `config …`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every option of `serve`, its value, and where it came from: a flag, the environment, the file or the default.
    ///
    /// Takes the options of `skillgate serve`. A value of `-` is not given: the server decides, as the option's help says.
    Show(Box<Serve>),
}

/// The table of exit codes under `--help`.
fn exit_codes() -> String {
    let rows = Exit::TABLE.map(|(code, meaning)| format!("  {code}  {meaning}\n"));
    format!("Exit codes:\n{}", rows.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_argument_says_what_it_is_for() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                assert!(
                    argument.get_help().is_some(),
                    "{} {}",
                    command.get_name(),
                    argument.get_id()
                );
            }
            assert!(command.get_about().is_some(), "{}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&Arguments::command());
    }
}
