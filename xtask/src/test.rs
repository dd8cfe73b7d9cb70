//! `cargo xtask test`: everything that CI checks. What fails soonest comes first.

use crate::binary::{self, Profile};
use crate::toolchain::{self, TARGET, Toolchain};
use crate::{Result, guests, only, paths, postgres, process, skills, table};
use std::time::{Duration, Instant};

type Check = fn() -> Result<()>;

/// The checks in their order.
const CHECKS: &[(&str, Check)] = &[
    ("format", format),
    ("guest compiler", || {
        toolchain::ensure().map(|found| println!("{found}"))
    }),
    ("PostgreSQL", || {
        postgres::ensure().map(|found| println!("PostgreSQL is in {}", found.display()))
    }),
    ("lint", lint),
    ("documentation", document),
    ("skillgate", || binary::build(Profile::Dev).map(drop)),
    ("skills and guests", build_guests),
    ("lint guests", lint_guests),
    ("examples' tests", test_examples),
    ("tests", test),
];

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    only(arguments, &[])?;
    let mut times = Vec::new();
    let mut outcome = Ok(());
    for (name, check) in CHECKS {
        println!("\n=== {name}");
        let start = Instant::now();
        outcome = check().map_err(|error| format!("{name}: {error}").into());
        times.push((*name, start.elapsed()));
        if outcome.is_err() {
            break;
        }
    }
    println!("\n{}", table::render(&rows(&times, outcome.is_ok())));
    outcome
}

/// One row a check, and their sum; the last check that ran may have failed.
fn rows(times: &[(&str, Duration)], passed: bool) -> Vec<Vec<String>> {
    let row = |name: &str, time: Duration, result: &str| {
        vec![
            name.to_owned(),
            format!("{:.1}", time.as_secs_f64()),
            result.to_owned(),
        ]
    };
    let result = |number: usize| {
        if passed || number + 1 < times.len() {
            "passed"
        } else {
            "FAILED"
        }
    };
    let mut rows = vec![["check", "seconds", ""].map(String::from).to_vec()];
    rows.extend(
        times
            .iter()
            .enumerate()
            .map(|(number, (name, time))| row(name, *time, result(number))),
    );
    rows.push(row(
        "all",
        times.iter().map(|(_, time)| *time).sum(),
        if passed { "passed" } else { "FAILED" },
    ));
    rows
}

/// Cargo in one of the three workspaces: `""` is the root, else a folder under it.
fn cargo_in(workspace: &str, arguments: &[&str]) -> std::process::Command {
    let mut cargo = process::cargo();
    cargo
        .current_dir(paths::root().join(workspace))
        .args(arguments);
    if !workspace.is_empty() {
        cargo.arg("--target-dir").arg(paths::guest_target());
    }
    cargo
}

fn format() -> Result<()> {
    for workspace in ["", "examples", "fuzz", "tests/guests"] {
        let mut cargo = process::cargo();
        cargo
            .current_dir(paths::root().join(workspace))
            .args(["fmt", "--all", "--check"]);
        process::run(&mut cargo)?;
    }
    Ok(())
}

fn lint() -> Result<()> {
    let lint = ["clippy", "--workspace", "--all-targets"];
    process::run(cargo_in("", &lint).args(["--", "-D", "warnings"]))
}

/// The examples compile natively too. The tests' guests do not, and clippy knows the target only where rustup brought it.
fn lint_guests() -> Result<()> {
    process::run(
        cargo_in("examples", &["clippy", "--workspace", "--all-targets"])
            .args(["--", "-D", "warnings"]),
    )?;
    if toolchain::ensure()? != Toolchain::Rustup {
        println!("the tests' guests are not linted: clippy has no {TARGET}");
        return Ok(());
    }
    let lint = ["clippy", "--workspace", "--target", TARGET];
    process::run(cargo_in("tests/guests", &lint).args(["--", "-D", "warnings"]))
}

fn document() -> Result<()> {
    process::run(
        cargo_in("", &["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn build_guests() -> Result<()> {
    let toolchain = toolchain::ensure()?;
    skills::make(&binary::build(Profile::Dev)?, &toolchain)?;
    guests::make(&toolchain)
}

/// The examples' own tests run natively, without a sandbox.
fn test_examples() -> Result<()> {
    process::run(&mut cargo_in("examples", &["test", "--workspace"]))
}

fn test() -> Result<()> {
    let mut tests = cargo_in("", &["test", "--workspace"]);
    tests.env(binary::BINARY_VARIABLE, binary::binary(Profile::Dev)?);
    process::run(tests.env(postgres::VARIABLE, postgres::ensure()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_check_of_a_failed_run_is_marked() {
        let times = [
            ("format", Duration::from_secs(1)),
            ("lint", Duration::from_millis(2500)),
        ];
        let failed = rows(&times, false);
        assert_eq!(failed[1], ["format", "1.0", "passed"]);
        assert_eq!(failed[2], ["lint", "2.5", "FAILED"]);
        assert_eq!(failed[3], ["all", "3.5", "FAILED"]);
        assert_eq!(rows(&times, true)[2], ["lint", "2.5", "passed"]);
    }
}
