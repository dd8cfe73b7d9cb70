//! What wasmtime's advisories of 2026 were about, tried against our own host: see docs/advisories.md.

use serde_json::json;
use skillgate_runtime::{LoadError, Outcome, Report, Runtime, RuntimeConfig};

use super::support::{call, config, guest, load, manifest, package, run, runtime, text};

/// The outcome is the tool's own: a result or its error, nothing that harmed the host.
#[track_caller]
fn is_the_tools_own(report: &Report) {
    assert!(
        matches!(report.outcome, Outcome::Result(_) | Outcome::Error(_)),
        "{:?}",
        report.outcome
    );
}

/// The call was ended as the guest's fault or at a limit.
#[track_caller]
fn is_ended(report: &Report) {
    assert!(
        matches!(report.outcome, Outcome::Fault(_) | Outcome::Limit(_)),
        "{:?}",
        report.outcome
    );
}

/// A link that somebody put into the folder from outside; a guest can't make one.
#[tokio::test]
async fn a_trailing_slash_opens_nothing_outside_the_folder() {
    let state = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    let runtime = Runtime::new(RuntimeConfig {
        state_dir: Some(state.path().to_owned()),
        ..config()
    })
    .unwrap();
    let probe = runtime
        .load(&package(manifest("probe"), guest("probe")))
        .await
        .unwrap();
    let first = call(
        &probe,
        "write_file",
        json!({ "path": "/data/plain", "text": "inside" }),
    );
    is_the_tools_own(&probe.call(first.clone()).await.unwrap());
    let folder = folder_of("plain", state.path());
    std::os::unix::fs::symlink(outside.path(), folder.join("link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.join("file")).unwrap();

    for path in [
        "/data/link/secret",
        "/data/link//secret",
        "/data/link/./secret/",
        "/data/file/",
        "/data/file",
        "/data/plain/",
        "/data/plain/../link/secret",
    ] {
        let next = skillgate_runtime::Call {
            scope: first.scope.clone(),
            ..call(&probe, "read_file", json!({ "path": path }))
        };
        let report = probe.call(next).await.unwrap();
        assert!(
            matches!(report.outcome, Outcome::Error(_)),
            "{path}: {:?}",
            report.outcome
        );
    }
    for path in ["/data/link/", "/data/link", "/data/link//"] {
        let next = skillgate_runtime::Call {
            scope: first.scope.clone(),
            ..call(&probe, "list_files", json!({ "path": path }))
        };
        let report = probe.call(next).await.unwrap();
        assert!(
            matches!(report.outcome, Outcome::Error(_)),
            "{path}: {:?}",
            report.outcome
        );
    }
}

/// The folder below `state` that holds a file of this name.
fn folder_of(name: &str, state: &std::path::Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(state).unwrap();
    let mut below = entries.map(|entry| entry.unwrap().path());
    let found = below.find_map(|path| match path.file_name()?.to_str()? == name {
        true => Some(state.to_owned()),
        false => path.is_dir().then(|| find_below(name, &path)).flatten(),
    });
    found.expect("the guest wrote it")
}

fn find_below(name: &str, folder: &std::path::Path) -> Option<std::path::PathBuf> {
    std::fs::read_dir(folder).ok()?.find_map(|entry| {
        let path = entry.ok()?.path();
        match path.file_name()?.to_str()? == name {
            true => Some(folder.to_owned()),
            false => path.is_dir().then(|| find_below(name, &path)).flatten(),
        }
    })
}

#[tokio::test]
async fn what_a_stream_did_not_permit_is_not_written() {
    let hostile = load("hostile").await;
    is_ended(&run(&hostile, "print_unasked", json!({ "bytes": 8 << 20 })).await);
    is_ended(&run(&hostile, "write_unasked", json!({ "bytes": 1_000 })).await);
    is_ended(&run(&hostile, "write_unasked", json!({ "bytes": 16 << 20 })).await);
}

#[tokio::test]
async fn zeroes_that_the_host_writes_for_a_guest_are_bounded() {
    let hostile = load("hostile").await;
    let many = 1_u64 << 40;
    is_ended(&run(&hostile, "print_zeroes", json!({ "count": many })).await);
}

#[tokio::test]
async fn a_time_that_no_clock_shows_is_an_error_of_the_tool() {
    let hostile = load("hostile").await;
    for seconds in [0, u64::MAX, i64::MAX as u64, i64::MAX as u64 + 1] {
        is_the_tools_own(&run(&hostile, "set_times", json!({ "seconds": seconds })).await);
    }
}

#[tokio::test]
async fn handles_end_where_the_operator_says() {
    let hostile = load("hostile").await;
    let report = run(&hostile, "open_many", json!({ "times": 100_000 })).await;
    assert!(
        !matches!(report.outcome, Outcome::Result(_)),
        "{:?}",
        report.outcome
    );
    // What one call held is free for the next.
    let report = run(&hostile, "open_many", json!({ "times": 50 })).await;
    assert_eq!(text(&report), "opened 50 times");
}

#[tokio::test]
async fn a_timeout_of_nothing_and_headers_beyond_measure_are_errors_of_the_tool() {
    let hostile = load("hostile").await;
    let asked = json!({ "urls": ["http://127.0.0.1:9/"], "ms": 0 });
    assert_eq!(
        text(&run(&hostile, "fetch_each", asked).await),
        "0 of 1 answered"
    );
    let probe = load("probe").await;
    let many: Vec<[String; 2]> = (0..33_000)
        .map(|number| [format!("x-{number}"), "v".to_owned()])
        .collect();
    let large = vec![["x-large".to_owned(), "v".repeat(900_000)]];
    for headers in [many, large] {
        let arguments = json!({ "url": "https://example.com/", "headers": headers });
        let report = run(&probe, "fetch", arguments).await;
        assert!(
            !matches!(report.outcome, Outcome::Result(_)),
            "{:?}",
            report.outcome
        );
    }
}

/// Proposals of WebAssembly that this engine is built without, each with a part of the compiler's complaint.
#[tokio::test]
async fn a_component_that_needs_what_the_engine_is_built_without_is_refused() {
    let core = |module: &str| format!("(component (core module {module}))");
    let refused = [
        (core("(memory 1 1 shared)"), "threads"),
        (
            core("(memory 1) (func (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))"),
            "threads",
        ),
        (core("(table 1 externref)"), "gc"),
        (core("(type (struct (field i32)))"), "gc"),
        (
            core("(func (result i32) (i31.get_s (ref.i31 (i32.const 1))))"),
            "gc",
        ),
        (core("(tag) (func (throw 0))"), "exceptions"),
        (
            "(component (core func (canon task.return)))".to_owned(),
            "async",
        ),
        (
            "(component (type $s (stream u8)) (core func (canon stream.new $s)))".to_owned(),
            "async",
        ),
        (
            "(component (core func (canon waitable-set.new)))".to_owned(),
            "async",
        ),
    ];
    for (source, complaint) in refused {
        let component = wat::parse_str(&source).unwrap();
        let loaded = runtime().load(&package(manifest("echo"), component)).await;
        let Err(error) = loaded else {
            panic!("{source} was loaded")
        };
        assert!(
            !matches!(error, LoadError::NoTools { .. }),
            "{source} was compiled: {error}"
        );
        let told = error.to_string();
        assert!(told.contains(complaint), "{source}: {told}");
    }
}
