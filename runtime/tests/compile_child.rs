//! The compiling child process. This program is both sides: called with `compile-component` it is
//! the child, otherwise the test (`harness = false`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use skillgate_runtime::{Compiler, LoadError, Runtime, RuntimeConfig};
use skillgate_skill::{COMPONENT, MANIFEST, Package};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("compile-component") => skillgate_runtime::compile_child(),
        Some("fail-silently") => ExitCode::FAILURE,
        _ => tests(),
    }
}

fn tests() -> ExitCode {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio.block_on(async {
        what_the_child_compiled_is_loaded().await;
        the_childs_complaint_is_the_error().await;
        a_child_that_dies_is_explained().await;
        a_child_that_is_not_there_is_the_hosts_fault().await;
    });
    ExitCode::SUCCESS
}

/// Has no tools, so that loading ends with [`LoadError::NoTools`] exactly when its code was compiled and loaded.
const EMPTY: &str = "(component)";
/// Passes the look at the preamble and nothing else.
const DAMAGED: &[u8] = b"\0asm\x0d\0\x01\0damaged";

async fn load(compiler: Compiler, component: Vec<u8>) -> LoadError {
    let manifest = "---\nname: empty\ndescription: Empty.\nmetadata:\n  version: \"1.0.0\"\n---\n";
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), manifest.into()),
        (COMPONENT.to_owned(), component),
    ]);
    let runtime = Runtime::new(RuntimeConfig {
        compiler,
        ..RuntimeConfig::default()
    })
    .unwrap();
    runtime
        .load(&Package::from_files(files).unwrap())
        .await
        .err()
        .unwrap()
}

fn child(command: &str) -> Compiler {
    Compiler::Child {
        program: std::env::current_exe().unwrap(),
        args: vec![command.into()],
    }
}

async fn what_the_child_compiled_is_loaded() {
    let error = load(child("compile-component"), wat::parse_str(EMPTY).unwrap()).await;
    assert!(matches!(error, LoadError::NoTools { .. }), "{error}");
}

async fn the_childs_complaint_is_the_error() {
    let error = load(child("compile-component"), DAMAGED.to_vec()).await;
    assert!(
        matches!(&error, LoadError::Compile(why) if why.contains("parse")),
        "{error}"
    );
}

async fn a_child_that_dies_is_explained() {
    let error = load(child("fail-silently"), wat::parse_str(EMPTY).unwrap()).await;
    assert!(
        matches!(&error, LoadError::Compile(why) if why.contains("60 s of CPU time")),
        "{error}"
    );
}

async fn a_child_that_is_not_there_is_the_hosts_fault() {
    let compiler = Compiler::Child {
        program: Path::new("/no/such/program").into(),
        args: Vec::new(),
    };
    let error = load(compiler, wat::parse_str(EMPTY).unwrap()).await;
    assert!(matches!(error, LoadError::Host(_)), "{error}");
}
