//! `cargo xtask run`: from a fresh clone to a server that answers.

use crate::digest::Stamp;
use crate::{Result, only, paths, process, skills, toolchain};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// Names the `skillgate` binary to the tests and the bench programs.
pub(crate) const BINARY_VARIABLE: &str = "SKILLGATE_BIN";

/// How the server is compiled.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Profile {
    /// For a quick turn-around; what we depend on is optimised nevertheless.
    Dev,
    /// For speed.
    Release,
}

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    let (ours, servers) = split(arguments);
    only(ours, &["--release"])?;
    let toolchain = toolchain::ensure()?;
    let skillgate = up_to_date(if ours.is_empty() {
        Profile::Dev
    } else {
        Profile::Release
    })?;
    skills::make(&skillgate, &toolchain)?;
    let mut serve = Command::new(skillgate);
    serve.current_dir(paths::root()).arg("serve").args(servers);
    serve.arg("--quickstart").arg(paths::product("skills"));
    // The server takes this process's place, so that signals reach it.
    Err(serve.exec().into())
}

/// What the binary is made of, what it embeds included.
const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "skill",
    "runtime",
    "host",
    "sdk",
    "wit",
];

/// The binary, built when a source of it changed since the last time. Cargo finds that out too, but
/// takes half of the time that a second start may take.
fn up_to_date(profile: Profile) -> Result<PathBuf> {
    let skillgate = binary(profile)?;
    let stamp = Stamp::new(
        skillgate.with_extension("stamp"),
        &SOURCES.map(|path| paths::root().join(path)),
    )?;
    if stamp.is_fresh() && stamp.is_newer_than(&skillgate) {
        return Ok(skillgate);
    }
    build(profile)?;
    stamp.set()?;
    Ok(skillgate)
}

/// Builds `skillgate` and gives its path. The whole workspace is named so that cargo unites the
/// features of dependencies as it does for the tests, and compiles them once.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let mut cargo = process::cargo();
    cargo
        .current_dir(paths::root())
        .args(["build", "--workspace", "--bin", "skillgate"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    process::run(&mut cargo)?;
    binary(profile)
}

/// Where cargo puts the binary.
pub(crate) fn binary(profile: Profile) -> Result<PathBuf> {
    paths::binary(match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    })
}

/// Our own options, and those behind `--`, which are the server's.
fn split(arguments: &[String]) -> (&[String], &[String]) {
    match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_binary_embeds_is_among_its_sources() {
        let template = paths::root().join("host/cli/src/template.rs");
        let text = std::fs::read_to_string(template).unwrap();
        let embedded: Vec<&str> = text
            .split("include_dir!(\"$CARGO_MANIFEST_DIR/../../")
            .skip(1)
            .filter_map(|rest| rest.split(['"', '/']).next())
            .collect();
        assert!(embedded.contains(&"sdk"), "{embedded:?}");
        assert!(embedded.iter().all(|folder| SOURCES.contains(folder)));
    }

    #[test]
    fn what_follows_two_hyphens_is_the_servers() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(String::from)
                .collect::<Vec<_>>()
        };
        let all = words("--release -- --listen 127.0.0.1:0");
        assert_eq!(
            split(&all),
            (&words("--release")[..], &words("--listen 127.0.0.1:0")[..])
        );
        assert_eq!(split(&all[..1]), (&all[..1], &[][..]));
    }
}
