//! What a call of a tool costs, beside bare wasmtime with the same guest and the same engine
//! settings in the same run; and what an idle installed skill holds in memory.
//!
//! Run with `cargo bench -p skillgate-runtime`, after the guests were built (`cargo xtask bench` does
//! both). Prints Markdown tables. Times of single runs on a shared machine vary: trust the ratio.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a program for the developer's terminal")]

mod bare;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillgate_runtime::{Cache, Call, Outcome, Runtime, RuntimeConfig, Skill};
use skillgate_skill::{COMPONENT, MANIFEST, Package};

const WARM_UP: usize = 2_000;
const CALLS: usize = 20_000;
const ARGUMENTS: &str = r#"{"text":"hello"}"#;
/// How many installed skills are held at each step.
const INSTALLED: [usize; 4] = [1, 10, 100, 1000];

fn main() {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio.block_on(async {
        calls().await;
        idle().await;
    });
}

/// Both kinds of call in turns, so that whatever else the machine does falls on both.
async fn calls() {
    let skill = runtime(None).load(&echo()).await.unwrap();
    let bare = bare::Bare::new(&component());
    let (mut ours, mut floor) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for round in 0..WARM_UP + CALLS {
        let begun = Instant::now();
        bare.call("echo", ARGUMENTS).await;
        let between = Instant::now();
        call(&skill).await;
        let done = Instant::now();
        if round >= WARM_UP {
            floor.push(between - begun);
            ours.push(done - between);
        }
    }
    println!("| fresh instance, one call of `echo` | p50 µs | p99 µs | calls/s a core |\n|---|---|---|---|");
    let floor = row("bare wasmtime, same guest and settings", floor);
    let ours = row("skillgate-runtime", ours);
    println!("\nratio of the p50: {:.2}\n", ours.as_secs_f64() / floor.as_secs_f64());
}

async fn call(skill: &Skill) {
    let report = skill.call(Call::new("echo", ARGUMENTS)).await.unwrap();
    assert!(matches!(report.outcome, Outcome::Result(_)), "{:?}", report.outcome);
}

/// Prints a row and gives the median.
fn row(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    let total: Duration = times.iter().sum();
    let rate = times.len() as f64 / total.as_secs_f64();
    println!("| {name} | {:.1} | {:.1} | {rate:.0} |", p50.as_secs_f64() * 1e6, p99.as_secs_f64() * 1e6);
    p50
}

/// Resident memory with more and more skills loaded, each with code of its own.
async fn idle() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = runtime(Some(cache.path().to_owned()));
    let package = echo();
    let before = resident();
    let mut held: Vec<Arc<Skill>> = Vec::new();
    println!("| idle installed skills | resident KiB in all | KiB each | µs to load one, cache warm |\n|---|---|---|---|");
    for count in INSTALLED {
        let (already, begun) = (held.len(), Instant::now());
        while held.len() < count {
            held.push(runtime.load(&package).await.unwrap());
        }
        let each = begun.elapsed() / u32::try_from(count - already).unwrap();
        let used = resident() - before;
        println!("| {count} | {used} | {} | {} |", used / count, each.as_micros());
    }
}

/// Resident memory of this process in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn runtime(cache: Option<PathBuf>) -> Runtime {
    let cache = cache.map(|dir| Cache { dir, key: [0; 32] });
    Runtime::new(RuntimeConfig { cache, ..RuntimeConfig::default() }).unwrap()
}

fn echo() -> Package {
    let manifest = std::fs::read(folder().join("tests/guests/echo/SKILL.md")).unwrap();
    let files = BTreeMap::from([(MANIFEST.to_owned(), manifest), (COMPONENT.to_owned(), component())]);
    Package::from_files(files).unwrap()
}

fn component() -> Vec<u8> {
    let path = folder().join("target/guests/echo.wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; build the guests first", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
