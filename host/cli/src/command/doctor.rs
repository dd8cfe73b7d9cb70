//! `doctor`: looks at what a server with these options needs, and says what to do about what is missing.

mod clock;
mod database;
mod disk;
mod master_key;
mod providers;
mod system;

use serde::Serialize;

use crate::args::Serve;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// As it should be.
    Ok,
    /// The server works, worse than it could.
    Warning,
    /// The server does not start, or loses what it should keep.
    Failed,
}

/// What one check found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The check's name, which stays the same: `database`, `master key`.
    check: &'static str,
    state: State,
    /// What is there.
    found: String,
    /// What to do about it; absent when there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    /// Reports that all is well.
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            found: found.into(),
            remedy: None,
        }
    }

    /// Reports what makes the server worse, and what to do about it.
    pub(super) fn warning(
        check: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Warning,
            remedy: Some(remedy.into()),
            ..Self::ok(check, found)
        }
    }

    /// Reports what keeps the server from working, and what to do about it.
    pub(super) fn failed(
        check: &'static str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Failed,
            ..Self::warning(check, found, remedy)
        }
    }
}

/// Makes every check and prints what was found. Changes nothing.
pub(crate) async fn run(options: &Serve, output: &Output) -> Outcome {
    let mut findings = system::check();
    findings.extend(disk::check(options));
    let master_key = master_key::read(&options.database);
    findings.push(master_key::check(&options.database, &master_key));
    let (of_database, server_time) = database::check(&options.database, master_key.ok()).await;
    findings.push(of_database);
    findings.push(clock::check(server_time));
    findings.extend(providers::check().await);
    output.result(&findings, |findings| table(findings))?;
    let failed = findings.iter().filter(|one| one.state == State::Failed);
    match failed.count() {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Failure, "one check failed")),
        count => Err(Failure::new(
            Exit::Failure,
            format_args!("{count} checks failed"),
        )),
    }
}

fn table(findings: &[Finding]) -> String {
    let widest = findings.iter().map(|one| one.check.len()).max();
    let width = widest.unwrap_or_default();
    let line = |one: &Finding| {
        let state = match one.state {
            State::Ok => "ok     ",
            State::Warning => "warning",
            State::Failed => "FAILED ",
        };
        let remedy = one.remedy.as_ref();
        let remedy = remedy.map(|text| format!("{:indent$}→ {text}\n", "", indent = width + 11));
        format!(
            "{state}  {:width$}  {}\n{}",
            one.check,
            one.found,
            remedy.unwrap_or_default()
        )
    };
    findings.iter().map(line).collect()
}
