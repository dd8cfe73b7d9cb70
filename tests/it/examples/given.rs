//! What the tests of the examples begin with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use skillgate_runtime::{
    Cache, Call, Outcome, Runtime, RuntimeConfig, Secret, SecretSource, Skill,
};
use skillgate_skill::{Package, Permissions};

/// The package of an example.
pub(super) fn package(name: &str) -> Package {
    let file = format!("{name}.skill");
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "target", "skills", &file]
        .iter()
        .collect();
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask skills`", path.display()));
    Package::read(&bytes).unwrap()
}

/// The package with another SKILL.md, in which `from` is `to`.
pub(super) fn changed(package: &Package, from: &str, to: &str) -> Package {
    let mut files: BTreeMap<_, _> = package.files.clone();
    let manifest = String::from_utf8(files["SKILL.md"].clone()).unwrap();
    assert!(manifest.contains(from), "{from} is not in {manifest}");
    files.insert("SKILL.md".into(), manifest.replace(from, to).into_bytes());
    Package::from_files(files).unwrap()
}

/// A runtime that keeps its state in `folder`.
pub(super) fn runtime(folder: &Path) -> Runtime {
    let state_dir = Some(folder.to_owned());
    Runtime::new(RuntimeConfig {
        state_dir,
        ..config()
    })
    .unwrap()
}

/// The defaults, with a cache that lasts from one run of the tests to the next: compiling an
/// example takes a test build seconds.
pub(super) fn config() -> RuntimeConfig {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-examples");
    RuntimeConfig {
        cache: Some(Cache { dir, key: [7; 32] }),
        ..RuntimeConfig::default()
    }
}

/// A call that is granted all that the skill asks for.
pub(super) fn granted(skill: &Skill, tool: &str, arguments: &Value) -> Call {
    let granted: Permissions = skill.manifest().permissions.clone();
    Call {
        granted: Arc::new(granted),
        ..Call::new(tool, arguments.to_string())
    }
}

/// The text of a result.
#[track_caller]
pub(super) fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Result(result) => result.text(),
        other => panic!("no result: {other:?}"),
    }
}

/// One secret, whose name is not looked at.
pub(super) struct OneSecret(pub(super) &'static str);

#[async_trait]
impl SecretSource for OneSecret {
    async fn exists(&self, _name: &str) -> bool {
        true
    }

    async fn value(&self, _name: &str) -> Option<Secret> {
        Some(Secret::new(self.0))
    }
}
