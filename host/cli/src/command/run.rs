//! `run`.

use std::io::Read;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use skillgate_runtime::{
    Call, LogLevel, Outcome as Ended, Report, SecretSource, Sink, Skill, StateScope, ToolError,
};
use skillgate_skill::{Package, Permissions};

use crate::args::{Run, Secret};
use crate::environment;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::local::{self, Settings};
use crate::output::{Format, Output, indent, plain};
use crate::{grant, package};

/// Arguments are read up to this many bytes; the runtime's own limit is lower.
const MAX_ARGUMENTS: u64 = 8 << 20;

/// Runs one tool and prints its answer.
pub(crate) async fn run(arguments: Run, output: &Output) -> Outcome {
    let package = package::read(&arguments.package)?;
    let granted = granted(&arguments, &package)?;
    let input = input(&arguments)?;
    announce(&package, &granted, output);
    let settings = Settings {
        state: arguments.state,
        allow_egress: arguments.allow_egress,
    };
    let skill = local::load(&package, settings).await?;
    find_tool(&skill, &arguments.tool)?;
    let call = Call {
        granted: Arc::new(granted),
        secrets: Arc::new(LocalSecrets(arguments.secrets)),
        sink: Arc::new(Terminal(*output)),
        scope: StateScope {
            skill: package.manifest.name.clone(),
            ..StateScope::default()
        },
        ..Call::new(&arguments.tool, &input)
    };
    answer(&skill.call(call).await?, output)
}

/// Everything that is asked for, unless the command line says less.
fn granted(arguments: &Run, package: &Package) -> Outcome<Permissions> {
    match &arguments.permissions {
        Some(file) => grant::read(file),
        None if arguments.deny_all => Ok(Permissions::default()),
        None => Ok(package.manifest.permissions.clone()),
    }
}

/// The arguments as text; the runtime checks them against the tool's schema.
fn input(arguments: &Run) -> Outcome<String> {
    let Some(path) = &arguments.args_file else {
        return Ok(arguments.args.clone().unwrap_or_else(|| "{}".to_owned()));
    };
    let reader: Box<dyn Read> = match path.as_os_str() == "-" {
        true => Box::new(std::io::stdin()),
        false => Box::new(
            std::fs::File::open(path)
                .with_context(|| format!("cannot open {}", path.display()))
                .or_exit(Exit::NotFound)?,
        ),
    };
    let mut text = String::new();
    let read = reader.take(MAX_ARGUMENTS).read_to_string(&mut text);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text)
}

/// Says what is unusual about a local run: no signature is needed, and the author grants it to himself.
fn announce(package: &Package, granted: &Permissions, output: &Output) {
    let manifest = &package.manifest;
    if package.envelope.is_none() {
        output.dim(format_args!(
            "{} is not signed: it runs because this is your machine",
            manifest.name
        ));
    }
    if !granted.is_empty() {
        output.dim(format_args!(
            "granted for this run:\n{}",
            indent(&granted.to_grant_yaml(), 2).trim_end()
        ));
    }
}

fn find_tool(skill: &Skill, name: &str) -> Outcome {
    let names: Vec<_> = skill
        .tools()
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    match names.contains(&name) {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::NotFound,
            format_args!(
                "{} has no tool {name:?}; it has: {}",
                skill.manifest().name,
                names.join(", ")
            ),
        )),
    }
}

/// The tool's answer goes to stdout; any other end of the call is a failure.
fn answer(report: &Report, output: &Output) -> Outcome {
    let (text, _) = report.outcome.for_model();
    match (&report.outcome, output.format) {
        (_, Format::Json) => output.result(report, |_| String::new())?,
        (Ended::Result(_), Format::Text) => output.untrusted(&format!("{text}\n"))?,
        (_, Format::Text) => {}
    }
    match &report.outcome {
        Ended::Result(_) => Ok(()),
        Ended::Denied(_) | Ended::Error(ToolError::Denied(_)) => {
            Err(Failure::new(Exit::Refused, plain(&text)))
        }
        _ => Err(Failure::new(Exit::Failure, plain(&text))),
    }
}

/// What the skill says while it runs, on stderr.
struct Terminal(Output);

impl Sink for Terminal {
    fn log(&self, level: LogLevel, message: &str) {
        let level = format!("{level:?}").to_lowercase();
        self.0.dim(format_args!("[{level}] {}", plain(message)));
    }

    fn progress(&self, message: &str, fraction: Option<f32>) {
        match fraction {
            Some(fraction) => self.0.dim(format_args!(
                "[{:3.0} %] {}",
                fraction * 100.0,
                plain(message)
            )),
            None => self.0.dim(format_args!("[…] {}", plain(message))),
        }
    }
}

/// Secrets from the command line, else from the environment.
struct LocalSecrets(Vec<Secret>);

#[async_trait]
impl SecretSource for LocalSecrets {
    async fn exists(&self, name: &str) -> bool {
        self.value(name).await.is_some()
    }

    async fn value(&self, name: &str) -> Option<skillgate_runtime::Secret> {
        let given = self.0.iter().find(|secret| secret.name == name);
        match given {
            Some(secret) => Some(skillgate_runtime::Secret::new(secret.value.as_str())),
            None => environment::secret(name).map(skillgate_runtime::Secret::new),
        }
    }
}
