//! The real server under every attack that we know: `cargo xtask abuse`, which says what the options are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program prints its report, and fails by panicking"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use skillgate_tests::abuse::attack::ATTACKS;
use skillgate_tests::abuse::{self, Options};

/// How long the attack lasts unless told otherwise, in seconds.
const SECONDS: u64 = 600;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(place + 1).cloned().unwrap_or_default())
    };
    if arguments.iter().any(|argument| argument == "--list") {
        for attack in ATTACKS {
            println!("{:<24} {:<28} {}", attack.name, attack.class, attack.about);
        }
        return ExitCode::SUCCESS;
    }
    let seconds = value("--seconds").map_or(SECONDS, |text| text.parse().expect("--seconds N"));
    let names = value("--attacks").unwrap_or_default();
    let names = names.split(',').filter(|name| !name.is_empty());
    let program = std::env::var_os("SKILLGATE_BIN")
        .expect("SKILLGATE_BIN names the `skillgate` to start; `cargo xtask abuse` sets it");
    let options = Options {
        program: PathBuf::from(program),
        alone: Duration::from_secs((seconds / 10).clamp(3, 30)),
        attacked: Duration::from_secs(seconds),
        attacks: names.map(str::to_owned).collect(),
    };
    let report = match abuse::run(options).await {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if arguments.iter().any(|argument| argument == "--json") {
        println!("{}", serde_json::to_string_pretty(&report).unwrap());
    } else {
        println!("{}", report.text());
    }
    let mut exceeded = report.exceeded().peekable();
    let passed = exceeded.peek().is_none();
    for figure in exceeded {
        let limit = figure.limit.unwrap_or_default();
        eprintln!(
            "exceeded: {} is {:.1} {}, at most {limit:.0}",
            figure.name, figure.value, figure.unit
        );
    }
    ExitCode::from(u8::from(!passed))
}
