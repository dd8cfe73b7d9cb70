//! The cache of compiled code: used when it is authentic, replaced when it is not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use skillgate_runtime::{Cache, CompileLimits, HostFault, PlaceLimits, Runtime, RuntimeConfig};

use super::support::{guest, manifest, package, run, text};

fn runtime(dir: &Path, key: u8) -> Runtime {
    let cache = Some(Cache {
        dir: dir.into(),
        key: [key; 32],
    });
    Runtime::new(RuntimeConfig {
        cache,
        ..RuntimeConfig::default()
    })
    .unwrap()
}

async fn load_and_call(dir: &Path, key: u8) {
    let echo = runtime(dir, key)
        .load(&package(manifest("echo"), guest("echo")))
        .await
        .unwrap();
    assert_eq!(text(&run(&echo, "echo", json!({"text": "hi"})).await), "hi");
}

/// The one entry of a cache.
fn entry(dir: &Path) -> PathBuf {
    let entries: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries[0].clone()
}

#[tokio::test]
async fn an_authentic_entry_is_used_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    load_and_call(dir.path(), 1).await;
    let written = fs::metadata(entry(dir.path())).unwrap().modified().unwrap();
    load_and_call(dir.path(), 1).await;
    assert_eq!(
        fs::metadata(entry(dir.path())).unwrap().modified().unwrap(),
        written,
        "nothing was compiled again"
    );
}

#[tokio::test]
async fn a_tampered_entry_is_compiled_again_and_never_loaded() {
    let dir = tempfile::tempdir().unwrap();
    load_and_call(dir.path(), 1).await;
    let path = entry(dir.path());
    let honest = fs::read(&path).unwrap();
    let flipped = |place: usize| {
        let mut bytes = honest.clone();
        bytes[place] ^= 1;
        bytes
    };
    for tampered in [
        flipped(0),
        flipped(40),
        flipped(honest.len() / 2),
        flipped(honest.len() - 1),
        honest[..20].to_vec(),
        Vec::new(),
    ] {
        fs::write(&path, &tampered).unwrap();
        load_and_call(dir.path(), 1).await;
        assert_ne!(fs::read(&path).unwrap(), tampered, "the entry was replaced");
    }
}

#[tokio::test]
async fn an_entry_under_another_key_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    load_and_call(dir.path(), 1).await;
    let path = entry(dir.path());
    let foreign = fs::read(&path).unwrap();
    load_and_call(dir.path(), 2).await;
    assert_ne!(
        fs::read(&path).unwrap()[..32],
        foreign[..32],
        "the tag is now under the second key"
    );
}

#[tokio::test]
async fn an_entry_under_another_name_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    load_and_call(dir.path(), 1).await;
    let echo = entry(dir.path());
    let code = fs::read(&echo).unwrap();
    fs::remove_file(&echo).unwrap();
    let rogue = package(manifest("rogue"), guest("rogue"));
    runtime(dir.path(), 1).load(&rogue).await.unwrap();
    let path = entry(dir.path());
    fs::write(&path, &code).unwrap();
    let loaded = runtime(dir.path(), 1).load(&rogue).await.unwrap();
    assert!(
        loaded.tools().iter().any(|tool| tool.name == "spin"),
        "echo's code did not stand in for rogue's"
    );
}

/// A runtime whose folder of compiled code may have so many bytes.
fn with_room(dir: &Path, cache_bytes: u64) -> Runtime {
    Runtime::new(RuntimeConfig {
        cache: Some(Cache {
            dir: dir.into(),
            key: [1; 32],
        }),
        compile: CompileLimits {
            cache_bytes,
            ..CompileLimits::default()
        },
        ..RuntimeConfig::default()
    })
    .unwrap()
}

async fn load(runtime: &Runtime, name: &str) {
    let loaded = runtime.load(&package(manifest(name), guest(name))).await;
    loaded.unwrap();
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let mut names: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_was_not_used_longest_is_deleted_when_there_is_no_room() {
    let dir = tempfile::tempdir().unwrap();
    let plenty = with_room(dir.path(), 1 << 30);
    load(&plenty, "echo").await;
    let echo = names(dir.path());
    load(&plenty, "rogue").await;
    let size = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let both: u64 = names(dir.path()).iter().map(size).sum();
    // The older one is used again: the other is the one to go.
    load(&plenty, "echo").await;
    with_room(dir.path(), both - 1);
    assert_eq!(names(dir.path()), echo);
    with_room(dir.path(), 1);
    assert_eq!(names(dir.path()), Vec::<PathBuf>::new());
    load(&with_room(dir.path(), 1), "echo").await;
    assert_eq!(names(dir.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_account_waits_for_its_own_compilations_and_not_others_for_them() {
    let runtime = Runtime::new(RuntimeConfig {
        compile: CompileLimits {
            places: PlaceLimits {
                per_account: 1,
                in_all: 2,
                queue: std::time::Duration::ZERO,
            },
            ..CompileLimits::default()
        },
        ..RuntimeConfig::default()
    })
    .unwrap();
    let held = runtime.compile_place("a").await.unwrap();
    let busy = runtime.compile_place("a").await.unwrap_err();
    assert!(matches!(busy, HostFault::CompilerBusy(_)), "{busy}");
    runtime.compile_place("b").await.unwrap();
    drop(held);
    runtime.compile_place("a").await.unwrap();
}
