//! What a call of a tool costs, beside bare wasmtime with the same guest and the same engine
//! settings in the same run; what its way to the guests' threads and its receipt cost; and what an
//! idle installed skill holds in memory.
//!
//! The call beside bare wasmtime is made on the guests' threads, where it runs in place: that is what
//! the sandbox costs. A server calls from its own threads; what changing threads adds is a figure of
//! its own, beside that of an empty task that goes the same way.
//!
//! `cargo xtask bench` builds the guests, runs this and makes a table of what it prints: a line for
//! each figure, with tabs between what was measured, the result, its floor and the goal.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a program for the developer's terminal"
)]

#[path = "call/bare.rs"]
mod bare;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillgate_runtime::{Cache, Call, Outcome, Runtime, RuntimeConfig, Skill, Uses};
use skillgate_skill::{COMPONENT, MANIFEST, Package};

const WARM_UP: usize = 2_000;
const CALLS: usize = 20_000;
const ARGUMENTS: &str = r#"{"text":"hello"}"#;
/// How many installed skills are held at each step.
const INSTALLED: [usize; 4] = [1, 10, 100, 1000];

fn main() {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio.block_on(async {
        let sandboxes = runtime(None);
        let skill = sandboxes.load(&echo()).await.unwrap();
        sandboxes.spawn(calls(Arc::clone(&skill))).await.unwrap();
        hops(&sandboxes, &skill).await;
        receipts();
        idle().await;
    });
}

/// Both kinds of call in turns, so that whatever else the machine does falls on both.
async fn calls(skill: Arc<Skill>) {
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
    for (what, part, goal) in [
        ("p50", 0.5, "≤ 60 µs, ≤ 1.2 × bare"),
        ("p99", 0.99, "≤ 150 µs"),
    ] {
        let (ours, floor) = (quantile(&mut ours, part), quantile(&mut floor, part));
        let result = format!(
            "{}, {:.2} × bare",
            micros(ours),
            ours.as_secs_f64() / floor.as_secs_f64()
        );
        figure(
            &format!("a tool call in a fresh instance, {what}"),
            &result,
            &format!("bare wasmtime: {}", micros(floor)),
            goal,
        );
    }
    let total: Duration = ours.iter().sum();
    let rate = ours.len() as f64 / total.as_secs_f64();
    figure(
        "tool calls in fresh instances, one core",
        &format!("{rate:.0} calls/s"),
        "-",
        "≥ 15000 calls/s",
    );
}

async fn call(skill: &Skill) {
    let report = skill.call(Call::new("echo", ARGUMENTS)).await.unwrap();
    assert!(
        matches!(report.outcome, Outcome::Result(_)),
        "{:?}",
        report.outcome
    );
}

/// The same call from another thread, as a server makes it, and an empty task that goes there and back.
async fn hops(sandboxes: &Runtime, skill: &Skill) {
    let (mut ours, mut floor) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for round in 0..WARM_UP + CALLS {
        let begun = Instant::now();
        sandboxes.spawn(async {}).await.unwrap();
        let between = Instant::now();
        call(skill).await;
        let done = Instant::now();
        if round >= WARM_UP {
            floor.push(between - begun);
            ours.push(done - between);
        }
    }
    figure(
        "a tool call from another thread, the way to the guests' threads and back included, p50",
        &micros(quantile(&mut ours, 0.5)),
        &format!(
            "an empty task there and back: {}",
            micros(quantile(&mut floor, 0.5))
        ),
        "-",
    );
}

/// What the uses in a receipt cost: ten recorded and taken out, beside the same ten in a plain list.
fn receipts() {
    let details: Vec<String> = (0..10)
        .map(|number| format!("GET https://api.example.com/items/{number}?page"))
        .collect();
    let (mut ours, mut floor) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for round in 0..WARM_UP + CALLS {
        let begun = Instant::now();
        let list: Vec<_> = details
            .iter()
            .map(|detail| ("http", detail.clone(), 10_u64))
            .collect();
        std::hint::black_box(list);
        let between = Instant::now();
        let uses = Uses::default();
        for detail in &details {
            let place = uses.record("http", detail, 10);
            uses.add_bytes(place, 1000);
        }
        std::hint::black_box(uses.take());
        let done = Instant::now();
        if round >= WARM_UP {
            floor.push(between - begun);
            ours.push(done - between);
        }
    }
    figure(
        "the uses of a receipt, 10 of them, p50",
        &micros(quantile(&mut ours, 0.5)),
        &format!("a plain list: {}", micros(quantile(&mut floor, 0.5))),
        "≤ 2 µs",
    );
}

/// Prints one figure in the form that `cargo xtask bench` reads; `-` stands for no floor, or no goal.
fn figure(what: &str, result: &str, floor: &str, goal: &str) {
    println!("figure\t{what}\t{result}\t{floor}\t{goal}");
}

/// The sample that `part` (0 to 1) of the samples are not above.
fn quantile(samples: &mut [Duration], part: f64) -> Duration {
    samples.sort_unstable();
    samples[((samples.len() - 1) as f64 * part) as usize]
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// Resident memory with more and more skills loaded, each with code of its own.
async fn idle() {
    let cache = tempfile::tempdir().unwrap();
    let runtime = runtime(Some(cache.path().to_owned()));
    let package = echo();
    let before = resident();
    let mut held: Vec<Arc<Skill>> = Vec::new();
    for count in INSTALLED {
        let (already, begun) = (held.len(), Instant::now());
        while held.len() < count {
            held.push(runtime.load(&package).await.unwrap());
        }
        let each = begun.elapsed() / u32::try_from(count - already).unwrap();
        let used = resident() - before;
        let result = format!("{} KiB each, {used} KiB in all", used / count);
        figure(
            &format!("memory of {count} idle installed skills"),
            &result,
            "-",
            "-",
        );
        if count == INSTALLED[0] {
            continue;
        }
        figure(
            &format!(
                "loading one of {} more skills, code cached",
                count - already
            ),
            &micros(each),
            "-",
            "-",
        );
    }
}

/// Resident memory of this process in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn runtime(cache: Option<PathBuf>) -> Runtime {
    let cache = cache.map(|dir| Cache { dir, key: [0; 32] });
    Runtime::new(RuntimeConfig {
        cache,
        ..RuntimeConfig::default()
    })
    .unwrap()
}

fn echo() -> Package {
    let manifest = std::fs::read(folder().join("tests/guests/echo/SKILL.md")).unwrap();
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), manifest),
        (COMPONENT.to_owned(), component()),
    ]);
    Package::from_files(files).unwrap()
}

fn component() -> Vec<u8> {
    let path = folder().join("target/guests/echo.wasm");
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; build the guests first", path.display()))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
