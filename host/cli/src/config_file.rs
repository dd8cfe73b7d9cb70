//! The configuration file of `serve`: TOML, with the options' names, without the dashes in front, as its keys.
//!
//! Flags come before environment variables, those before the file, and the file before the defaults.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};
use serde::Serialize;
use toml::{Table, Value};

use crate::args::Arguments;

/// The most bytes of the file: all options take a few KiB, and a device or a wrong file must not fill the memory.
const MAX_BYTES: u64 = 1 << 20;

/// The command line with what the file adds to it.
pub(crate) struct Typed {
    /// The parsed command line.
    pub(crate) arguments: Arguments,
    /// Every option of the server, where the command is about them.
    pub(crate) settings: Vec<Setting>,
}

/// An option of the server and where its value came from.
#[derive(Debug, Serialize)]
pub(crate) struct Setting {
    /// Its name, without the dashes in front.
    pub(crate) option: String,
    /// Its value as it is written; `null` where it is not given and the server decides.
    pub(crate) value: Option<String>,
    /// `flag`, `environment`, `file` or `default`.
    pub(crate) source: &'static str,
    /// The environment variable that sets it.
    pub(crate) variable: Option<String>,
}

/// Reads the command line, and the file that it names. Ends the process where either does not fit.
pub(crate) fn parse(typed: impl Iterator<Item = OsString>) -> Typed {
    let mut typed: Vec<OsString> = typed.collect();
    let command = Arguments::command();
    let mut matches = command.clone().get_matches_from(&typed);
    let mut from_file = BTreeMap::new();
    let file = of_server(&matches).and_then(|options| options.get_one::<PathBuf>("config"));
    if let Some(path) = file.cloned() {
        from_file = read(&path)
            .and_then(|table| missing_options(&command, &matches, table))
            .unwrap_or_else(|error| refuse(&command, &path, &format!("{error:#}")));
        for (option, values) in &from_file {
            typed.extend(
                values
                    .iter()
                    .map(|value| format!("--{option}={value}").into()),
            );
        }
        matches = command
            .clone()
            .try_get_matches_from(&typed)
            .unwrap_or_else(|error| refuse(&command, &path, &error.render().to_string()));
    }
    let settings = of_server(&matches).map(|options| settings(&command, options, &from_file));
    Typed {
        settings: settings.unwrap_or_default(),
        arguments: Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()),
    }
}

/// The options of the server, where the command takes them.
fn of_server(matches: &ArgMatches) -> Option<&ArgMatches> {
    match matches.subcommand()? {
        ("serve" | "doctor", options) => Some(options),
        ("config", below) => below.subcommand().map(|(_, options)| options),
        _ => None,
    }
}

/// The arguments that a file may give.
fn server_arguments(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    let serve = command.find_subcommand("serve").into_iter();
    let arguments = serve.flat_map(Command::get_arguments);
    let named = arguments.filter_map(|argument| Some((argument.get_long()?, argument)));
    named.filter(|(_, argument)| argument.get_id() != "help" && !argument.is_global_set())
}

fn read(path: &Path) -> anyhow::Result<Table> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    ensure!(
        text.len() as u64 <= MAX_BYTES,
        "it is larger than {MAX_BYTES} bytes"
    );
    Ok(text.parse()?)
}

/// Picks the options that the file sets and neither a flag nor an environment variable does.
fn missing_options(
    command: &Command,
    matches: &ArgMatches,
    table: Table,
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let known: BTreeMap<_, _> = server_arguments(command)
        .filter(|(name, _)| *name != "config")
        .collect();
    let mut missing = BTreeMap::new();
    for (key, value) in table {
        let name = key.replace('_', "-");
        let Some(argument) = known.get(name.as_str()) else {
            let names: Vec<_> = known.keys().copied().collect();
            bail!(
                "unknown option `{key}`; known options: {}",
                names.join(", ")
            );
        };
        let values = written(value).with_context(|| format!("option `{key}`"))?;
        let id = argument.get_id().as_str();
        let source = of_server(matches).and_then(|options| options.value_source(id));
        if !matches!(
            source,
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        ) {
            missing.insert(name, values);
        }
    }
    Ok(missing)
}

/// A value as it is written on the command line; several for a list.
fn written(value: Value) -> anyhow::Result<Vec<String>> {
    Ok(match value {
        Value::String(text) => vec![text],
        Value::Integer(number) => vec![number.to_string()],
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.into_iter().map(written).collect();
            items?.concat()
        }
        other => bail!(
            "must be a text, a whole number or a list of them, not a {}",
            other.type_str()
        ),
    })
}

fn settings(
    command: &Command,
    options: &ArgMatches,
    from_file: &BTreeMap<String, Vec<String>>,
) -> Vec<Setting> {
    let setting = |(name, argument): (&str, &Arg)| {
        let id = argument.get_id().as_str();
        let values = options.get_raw(id).map(|values| {
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            values.join(",")
        });
        let source = match options.value_source(id) {
            Some(ValueSource::CommandLine) if from_file.contains_key(name) => "file",
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            _ => "default",
        };
        let variable = argument.get_env();
        Setting {
            option: name.to_owned(),
            value: match argument.is_hide_env_values_set() {
                true => values.map(|_| "(hidden)".to_owned()),
                false => values,
            },
            source,
            variable: variable.map(|variable| variable.to_string_lossy().into_owned()),
        }
    };
    server_arguments(command).map(setting).collect()
}

/// Ends the process as for a flag that does not fit.
fn refuse(command: &Command, path: &Path, why: &str) -> ! {
    let why = why.trim_start_matches("error: ");
    let message = format!("{}: {why}", path.display());
    let kind = clap::error::ErrorKind::ValueValidation;
    command.clone().error(kind, message).exit()
}
