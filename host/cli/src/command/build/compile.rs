//! Cargo, run for a skill.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use serde::Deserialize;

use crate::exit::{Exit, Failure, Outcome};
use crate::toolchain::{GuestCompiler, TARGET};

/// One line of cargo's report (`--message-format=json`, the cargo book, "External tools").
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// Compiles the skill in `folder`, an absolute path, and reads the component that came out. Cargo shows its progress.
///
/// # Errors
/// There is no compiler, it fails, or the crate makes no component.
pub(super) fn component(folder: &Path) -> Outcome<Vec<u8>> {
    let manifest = folder.join("Cargo.toml");
    let mut cargo = GuestCompiler::find(folder)?
        .cargo()
        .args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
        ])
        .arg("--manifest-path")
        .arg(&manifest)
        .current_dir(folder)
        .envs(flags().map(|flags| (FLAGS, flags)))
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo: is Rust installed (https://rustup.rs)?")?;
    let report = cargo.stdout.take().context("cargo has no output")?;
    let mut found = None;
    for line in BufReader::new(report).lines() {
        found = artifact(&line?, &manifest).or(found);
    }
    if !cargo.wait()?.success() {
        return Err(Failure::new(
            Exit::Failure,
            "the skill does not compile: see what cargo says above",
        ));
    }
    let path = found.ok_or_else(|| {
        Failure::new(
            Exit::Failure,
            "cargo made no component: Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`",
        )
    })?;
    Ok(std::fs::read(&path).with_context(|| path.display().to_string())?)
}

/// What cargo gives to the compiler of the guest, and to no build script (the cargo book, "Configuration").
const FLAGS: &str = "CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS";

/// Keeps the place of cargo's folder, and so the author's name, out of the component's panic messages. What is set
/// already stays. Without a folder, or with one that the variable cannot hold, there is nothing to add.
fn flags() -> Option<String> {
    let own = || Some(std::env::home_dir()?.join(".cargo"));
    let folder = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(own)?;
    let folder = folder
        .to_str()
        .filter(|folder| !folder.contains(char::is_whitespace))?;
    let before = std::env::var(FLAGS).unwrap_or_default();
    Some(format!("{before} --remap-path-prefix={folder}=/cargo"))
}

/// The component, when this line tells of the one that belongs to `manifest`.
fn artifact(line: &str, manifest: &Path) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    let is_wasm = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "wasm")
    };
    match message.manifest_path == manifest {
        true => message.filenames.into_iter().find(is_wasm),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_component_of_this_crate_only() {
        let ours = r#"{"reason":"compiler-artifact","manifest_path":"/s/Cargo.toml","filenames":["/t/a.rlib","/t/a.wasm"]}"#;
        let found = artifact(ours, Path::new("/s/Cargo.toml"));
        assert_eq!(found, Some("/t/a.wasm".into()));
        assert_eq!(artifact(ours, Path::new("/other/Cargo.toml")), None);
        assert_eq!(
            artifact(
                r#"{"reason":"build-finished","success":true}"#,
                Path::new("/s/Cargo.toml")
            ),
            None
        );
    }
}
