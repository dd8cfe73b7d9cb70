//! The real server under every attack that we know: `cargo xtask abuse`, which says what the options are.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test program prints its report, and fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use skillgate_tests::abuse::attack::{self, ATTACKS};
use skillgate_tests::abuse::report::Report;
use skillgate_tests::abuse::{self, Options};

/// How long all attacks together last unless told otherwise, in seconds.
const SECONDS: u64 = 600;
/// The same for each attack alone.
const SECONDS_EACH: u64 = 30;

/// What the command line asks for.
struct Arguments {
    program: PathBuf,
    seconds: Option<u64>,
    attacks: Vec<String>,
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    if has("--list") {
        for attack in ATTACKS {
            println!("{:<24} {:<28} {}", attack.name, attack.class, attack.about);
        }
        return ExitCode::SUCCESS;
    }
    let wanted = Arguments::of(&arguments);
    let passed = match has("--each") {
        true => wanted.each().await,
        false => wanted.together().await,
    };
    match passed {
        Ok(passed) => ExitCode::from(u8::from(!passed)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

impl Arguments {
    fn of(arguments: &[String]) -> Self {
        let value = |name: &str| {
            let place = arguments.iter().position(|argument| argument == name)?;
            Some(arguments.get(place + 1).cloned().unwrap_or_default())
        };
        let names = value("--attacks").unwrap_or_default();
        let names = names.split(',').filter(|name| !name.is_empty());
        let program = std::env::var_os("SKILLGATE_BIN")
            .expect("SKILLGATE_BIN names the `skillgate` to start; `cargo xtask abuse` sets it");
        Self {
            program: PathBuf::from(program),
            seconds: value("--seconds").map(|text| text.parse().expect("--seconds N")),
            attacks: names.map(str::to_owned).collect(),
            json: arguments.iter().any(|argument| argument == "--json"),
        }
    }

    /// All attacks at once, on one server. Gives whether no limit was exceeded.
    async fn together(self) -> Result<bool, String> {
        let seconds = self.seconds.unwrap_or(SECONDS);
        let report = abuse::run(options(&self.program, seconds, self.attacks)).await?;
        match self.json {
            true => println!("{}", serde_json::to_string_pretty(&report).unwrap()),
            false => println!("{}", report.text()),
        }
        Ok(tell_exceeded(&report))
    }

    /// One attack after the other, each on a server of its own: only so a figure says whose it is.
    async fn each(self) -> Result<bool, String> {
        let seconds = self.seconds.unwrap_or(SECONDS_EACH);
        let mut passed = true;
        for attack in attack::chosen(&self.attacks)? {
            let name = attack.name;
            let mut options = options(&self.program, seconds, vec![name.to_owned()]);
            // The slowest of few turns says little: alone for as long as under attack.
            options.alone = options.attacked;
            let report = abuse::run(options).await?;
            match self.json {
                true => println!("{}", json!({ "attack": name, "report": report })),
                false => println!("{name:<24} {}", report.line()),
            }
            passed &= tell_exceeded(&report);
        }
        Ok(passed)
    }
}

fn options(program: &Path, seconds: u64, attacks: Vec<String>) -> Options {
    Options {
        program: program.to_owned(),
        alone: Duration::from_secs((seconds / 10).clamp(5, 30)),
        attacked: Duration::from_secs(seconds),
        attacks,
    }
}

/// Names the figures that are beyond their limits on stderr. Gives whether there are none.
fn tell_exceeded(report: &Report) -> bool {
    let mut exceeded = report.exceeded().peekable();
    let passed = exceeded.peek().is_none();
    for figure in exceeded {
        let limit = figure.limit.unwrap_or_default();
        eprintln!(
            "exceeded: {} is {:.1} {}, at most {limit:.0}",
            figure.name, figure.value, figure.unit
        );
    }
    passed
}
