//! Guests, packages and calls for the tests of the sandbox.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use serde_json::Value;
use skillgate_runtime::{
    Cache, Call, LogLevel, Outcome, Report, Runtime, RuntimeConfig, Secret, SecretSource, Sink,
    Skill, StateScope,
};
use skillgate_skill::{COMPONENT, MANIFEST, Package, Permissions};

/// The bytes of a test guest, as `cargo xtask` built it.
pub(super) fn guest(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../target/guests/{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask test` builds the guests",
            path.display()
        )
    })
}

/// The `SKILL.md` of a test guest.
pub(super) fn manifest(name: &str) -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/guests/{name}/SKILL.md"));
    std::fs::read_to_string(path).unwrap()
}

/// A package of these two.
pub(super) fn package(manifest: String, component: Vec<u8>) -> Package {
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), manifest.into_bytes()),
        (COMPONENT.to_owned(), component),
    ]);
    Package::from_files(files).unwrap()
}

/// The defaults, with a cache that lasts from one run of the tests to the next: compiling a guest
/// takes a test build seconds.
pub(super) fn config() -> RuntimeConfig {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-guests");
    RuntimeConfig {
        cache: Some(Cache { dir, key: [7; 32] }),
        ..RuntimeConfig::default()
    }
}

/// The runtime that most tests share.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new(config()).unwrap())
}

/// A guest as it is, in the shared runtime.
pub(super) async fn load(name: &str) -> Arc<Skill> {
    runtime()
        .load(&package(manifest(name), guest(name)))
        .await
        .unwrap()
}

/// A call that is granted all that the skill asks for, with a state of its own.
pub(super) fn call(skill: &Skill, tool: &str, arguments: Value) -> Call {
    Call {
        granted: Arc::new(skill.manifest().permissions.clone()),
        scope: StateScope {
            account: "account".into(),
            agent: uuid::Uuid::now_v7().to_string(),
            peer: "peer".into(),
            skill: "skill".into(),
        },
        ..Call::new(tool, arguments.to_string())
    }
}

/// Runs a call that is granted everything asked for.
pub(super) async fn run(skill: &Skill, tool: &str, arguments: Value) -> Report {
    skill.call(call(skill, tool, arguments)).await.unwrap()
}

/// The text of a result; panics on any other outcome.
pub(super) fn text(report: &Report) -> String {
    match &report.outcome {
        Outcome::Result(result) => result.text(),
        other => panic!("not a result: {other:?}"),
    }
}

/// The limit that was hit; panics on any other outcome.
pub(super) fn limit(report: &Report) -> (&str, &str) {
    match &report.outcome {
        Outcome::Limit(limit) => (limit.name, &limit.value),
        other => panic!("not a limit: {other:?}"),
    }
}

/// The denial as it is shown; panics on any other outcome.
pub(super) fn denial(report: &Report) -> String {
    match &report.outcome {
        Outcome::Denied(denial) => denial.to_string(),
        other => panic!("not a denial: {other:?}"),
    }
}

/// Grants nothing.
pub(super) fn nothing() -> Arc<Permissions> {
    Arc::default()
}

/// One secret, the same for everybody.
pub(super) struct OneSecret(pub(super) &'static str, pub(super) &'static str);

#[async_trait]
impl SecretSource for OneSecret {
    async fn exists(&self, name: &str) -> bool {
        name == self.0
    }

    async fn value(&self, name: &str) -> Option<Secret> {
        (name == self.0).then(|| Secret::new(self.1))
    }
}

/// Sends each line of the log, for tests that wait for what a guest says.
pub(super) struct Told(pub(super) tokio::sync::mpsc::UnboundedSender<String>);

impl Sink for Told {
    fn log(&self, _: LogLevel, message: &str) {
        let _ = self.0.send(message.to_owned());
    }
}

/// A sink, and where what it is told comes out.
pub(super) fn told() -> (Arc<Told>, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (sender, lines) = tokio::sync::mpsc::unbounded_channel();
    (Arc::new(Told(sender)), lines)
}

/// Keeps the log and the progress.
#[derive(Default)]
pub(super) struct Kept(pub(super) Mutex<Vec<String>>);

impl Sink for Kept {
    fn log(&self, level: LogLevel, message: &str) {
        self.0.lock().unwrap().push(format!("{level:?} {message}"));
    }

    fn progress(&self, message: &str, fraction: Option<f32>) {
        self.0
            .lock()
            .unwrap()
            .push(format!("progress {message} {fraction:?}"));
    }
}
