//! What each verb does: one a file.

mod account;
mod api_key;
mod backup;
mod build;
mod chat;
mod completions;
mod config;
mod doctor;
mod inspect;
mod install;
mod keys;
mod man;
mod new;
mod publish;
mod restore;
mod run;
mod serve;
mod sign;
mod verify;

use crate::args::{AccountCommand, ApiKeyCommand, Command, ConfigCommand, KeysCommand};
use crate::config_file::Setting;
use crate::exit::Outcome;
use crate::output::Output;

/// Does what was typed.
pub(crate) async fn run(command: Command, settings: &[Setting], output: &Output) -> Outcome {
    match command {
        Command::New(new) => new::run(&new, output),
        Command::Build(build) => build::run(build, output).await,
        Command::Run(run) => run::run(run, output).await,
        Command::Keys(KeysCommand::New(new)) => keys::new::run(new, output),
        Command::Keys(KeysCommand::Show(show)) => keys::show::run(show, output),
        Command::Sign(sign) => sign::run(sign, output).await,
        Command::Verify(verify) => verify::run(&verify, output),
        Command::Inspect(inspect) => inspect::run(&inspect, output).await,
        Command::Publish(publish) => publish::run(publish, output).await,
        Command::Install(install) => install::run(install, output).await,
        Command::Chat(chat) => chat::run(chat, output).await,
        Command::Serve(serve) => serve::run(*serve, output).await,
        Command::Backup(arguments) => backup::run(arguments, output).await,
        Command::Restore(arguments) => restore::run(arguments, output).await,
        Command::Doctor(options) => doctor::run(&options, output).await,
        Command::Completions(completions) => completions::run(&completions, output),
        Command::Man(man) => man::run(&man, output),
        Command::ApiKey(ApiKeyCommand::Create(create)) => {
            api_key::create::run(create, output).await
        }
        Command::Account(AccountCommand::Create(create)) => {
            account::create::run(create, output).await
        }
        Command::Account(AccountCommand::List(list)) => account::list::run(list, output).await,
        Command::Account(AccountCommand::Set(set)) => account::set::run(set, output).await,
        Command::Config(ConfigCommand::Show(shown)) => {
            if let Some(file) = &shown.config {
                output.dim(format_args!("with the options of {}", file.display()));
            }
            config::show(settings, output)
        }
        Command::GenerateDocs => Ok(output.raw(&crate::docs::markdown())?),
        Command::GenerateOpenapi => Ok(output.raw(&crate::docs::openapi_json())?),
        // Answered in `main`, before anything else of this process is set up.
        Command::CompileComponent => Ok(()),
    }
}
