//! The `skillgate` binary: built, and built again when its sources changed.

use crate::digest::Stamp;
use crate::{Result, paths, process};
use std::path::PathBuf;

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
pub(crate) fn up_to_date(profile: Profile) -> Result<PathBuf> {
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
}
