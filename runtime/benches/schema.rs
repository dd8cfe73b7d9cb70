//! What checking a call's arguments with the tool's schema costs, beside parsing the same text
//! alone in the same run.
//!
//! `cargo xtask bench` makes a table of what it prints: a line for each figure, with tabs between
//! what was measured, the result, its floor and the goal.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for the developer's terminal"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use futures::FutureExt;
use serde_json::{Value, json};
use skillgate_runtime::ToolSchemaProbe;

const WARM_UP: usize = 10_000;
const ROUNDS: usize = 100_000;

fn main() {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let listed = schema_of_ten_properties().to_string();
    let schema = tokio.block_on(ToolSchemaProbe::load(&listed)).unwrap();
    let text = arguments().to_string();
    let (mut ours, mut floor) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for round in 0..WARM_UP + ROUNDS {
        let begun = Instant::now();
        black_box(serde_json::from_str::<Value>(black_box(&text)).unwrap());
        let between = Instant::now();
        // Ordinary arguments are checked where the call runs: nothing is waited for.
        let checked = schema.check(black_box(&text));
        black_box(checked.now_or_never().unwrap()).unwrap();
        let done = Instant::now();
        if round >= WARM_UP {
            floor.push(between - begun);
            ours.push(done - between);
        }
    }
    for (what, part, goal) in [("p50", 0.5, "≤ 5 µs"), ("p99", 0.99, "-")] {
        println!(
            "figure\tvalidate arguments, 10 properties, {what}\t{}\tparsing alone: {}\t{goal}",
            micros(quantile(&mut ours, part)),
            micros(quantile(&mut floor, part)),
        );
    }
    let begun = Instant::now();
    let rounds = 1_000;
    for _ in 0..rounds {
        drop(black_box(tokio.block_on(ToolSchemaProbe::load(&listed))));
    }
    println!(
        "figure\tcompile a schema of 10 properties\t{}\t-\t-",
        micros(begun.elapsed() / rounds)
    );
}

fn schema_of_ten_properties() -> Value {
    json!({
        "type": "object",
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 500},
            "language": {"type": "string", "enum": ["de", "en", "fr"]},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "offset": {"type": "integer", "minimum": 0},
            "sort": {"anyOf": [{"enum": ["new", "old"]}, {"type": "null"}]},
            "exact": {"type": "boolean"},
            "since": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 40}, "maxItems": 10},
            "area": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}}, "required": ["lat", "lon"]},
            "format": {"const": "json"}
        },
        "required": ["query", "limit"],
        "additionalProperties": false
    })
}

fn arguments() -> Value {
    json!({
        "query": "what does it cost",
        "language": "en",
        "limit": 20,
        "offset": 0,
        "sort": "new",
        "exact": false,
        "since": "2024-02-29",
        "tags": ["one", "two", "three"],
        "area": {"lat": 52.5, "lon": 13.4},
        "format": "json"
    })
}

/// The sample that `part` (0 to 1) of the samples are not above.
fn quantile(samples: &mut [Duration], part: f64) -> Duration {
    samples.sort_unstable();
    samples[((samples.len() - 1) as f64 * part) as usize]
}

fn micros(time: Duration) -> String {
    format!("{:.2} µs", time.as_secs_f64() * 1e6)
}
