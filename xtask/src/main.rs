//! The project's own chores, run as `cargo xtask <verb>`; `cargo xtask help` lists the verbs.
//!
//! Invariant: nothing but the standard library is compiled for this program, so that the first
//! `cargo xtask` on a fresh machine starts within seconds.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal: printing is its job"
)]

mod abuse;
mod bench;
mod binary;
mod digest;
mod guests;
mod paths;
mod postgres;
mod process;
mod run;
mod setup;
mod skills;
mod table;
mod test;
mod toolchain;

use std::process::ExitCode;

/// What every chore answers; the error is a sentence for the person at the terminal.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// One verb of the command line.
struct Verb {
    name: &'static str,
    options: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const VERBS: &[Verb] = &[
    Verb {
        name: "setup",
        options: "[--fallback]",
        about: "make available what is needed beside Rust: a compiler for guests (wasm32-wasip2), by rustup, else\n\
                from Debian's and PyPI's packages into the user's cache folder; and PostgreSQL for the tests.\n\
                --fallback makes the second kind of compiler in any case",
        run: setup::main,
    },
    Verb {
        name: "skills",
        options: "",
        about: "build, pack and sign the example skills into target/skills, the test guests into target/guests",
        run: skills::main,
    },
    Verb {
        name: "run",
        options: "[--release] [-- OPTIONS OF `skillgate serve`]",
        about: "start a server with the example skills installed; the demo model answers unless\n\
                ANTHROPIC_API_KEY is set",
        run: run::main,
    },
    Verb {
        name: "test",
        options: "",
        about: "everything that CI checks: format, lints, tests, documentation; installs what is missing",
        run: test::main,
    },
    Verb {
        name: "bench",
        options: "[--write]",
        about: "measure, and print one table; --write puts it into docs/performance.md",
        run: bench::main,
    },
    Verb {
        name: "abuse",
        options: "[--each] [--seconds N] [--attacks A,B] [--profile release|dev] [--json] [--list]",
        about: "attack a server of one's own in every way that we know, for 600 seconds, and see that an account beside\n\
                the attackers loses nothing: memory, descriptors, /healthz, its messages. --each runs one attack after the\n\
                other, 30 seconds each on a server of its own, and judges the time of the account's turns, too. --list\n\
                names the attacks; --profile is release where that was built before, else dev",
        run: abuse::main,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", help());
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(verb) = VERBS.iter().find(|verb| verb.name == name) else {
        eprint!("error: there is no verb `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    match (verb.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The text of `cargo xtask help`.
fn help() -> String {
    let mut text = String::from("Usage: cargo xtask <verb> [options]\n");
    for verb in VERBS {
        let about = verb.about.replace('\n', "\n      ");
        text += &format!("\n  {} {}\n      {about}\n", verb.name, verb.options);
    }
    text
}

/// Refuses whatever stands in `arguments` beside the `known` options.
fn only(arguments: &[String], known: &[&str]) -> Result<()> {
    match arguments.iter().find(|a| !known.contains(&a.as_str())) {
        Some(unknown) => {
            Err(format!("unknown option `{unknown}`; `cargo xtask help` lists the options").into())
        }
        None => Ok(()),
    }
}
