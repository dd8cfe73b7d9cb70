//! The figures of a report and their limits.

use std::time::Duration;

use super::{Figure, Findings};
use crate::abuse::server::DESCRIPTORS;
use crate::abuse::victim::Turns;
use crate::abuse::watch::Seen;

/// The most memory of the server process, in MiB.
const MEMORY_LIMIT: f64 = 512.0;
/// The most time that 99 of 100 answers of `/healthz` take, in milliseconds.
const HEALTH_LIMIT: f64 = 100.0;
/// How many times longer a turn of the victim may take under a single attack; under several it is only shown.
const RATIO_LIMIT: f64 = 3.0;

/// All figures, those with a limit first.
pub(super) fn of(found: &Findings) -> Vec<Figure> {
    let mut figures = life(found);
    figures.extend(held(&found.seen));
    figures.extend(health(&found.seen));
    figures.extend(served(found));
    figures.sort_by_key(|figure| figure.limit.is_none());
    figures
}

fn life(found: &Findings) -> Vec<Figure> {
    let one_if = |it: bool| f64::from(u8::from(it));
    let lost = found.kept.lost.len() as f64;
    let end = found.ended.map_or(f64::INFINITY, |time| time.as_secs_f64());
    vec![
        limited("deaths of the server", "", found.deaths.len() as f64, 0.0),
        limited("messages of the victim that were lost", "", lost, 0.0),
        limited(
            "SIGTERMs that did not end the server",
            "",
            one_if(found.ended.is_none()),
            0.0,
        ),
        figure("from SIGTERM to the end", "s", end),
        figure("length of the attack", "s", found.lasted.as_secs_f64()),
    ]
}

fn held(seen: &Seen) -> Vec<Figure> {
    let (most, descriptors) = (DESCRIPTORS as f64 - 1.0, seen.peak_descriptors as f64);
    vec![
        limited(
            "peak memory of the server",
            "MiB",
            mebibytes(seen.peak_memory),
            MEMORY_LIMIT,
        ),
        limited("peak descriptors of the server", "", descriptors, most),
        figure(
            "memory of the server before the attack",
            "MiB",
            mebibytes(seen.memory_before),
        ),
        figure(
            "peak memory of compiling children",
            "MiB",
            mebibytes(seen.peak_children),
        ),
        figure("peak threads of the server", "", seen.peak_threads as f64),
    ]
}

fn health(seen: &Seen) -> Vec<Figure> {
    let (alone, attacked) = (millis(&seen.health_alone), millis(&seen.health));
    let connecting = quantile(&millis(&seen.health_connecting), 0.99);
    vec![
        limited(
            "/healthz under attack, p99",
            "ms",
            quantile(&attacked, 0.99),
            HEALTH_LIMIT,
        ),
        figure(
            "/healthz under attack, slowest",
            "ms",
            quantile(&attacked, 1.0),
        ),
        figure(
            "/healthz under attack, new connection, p99",
            "ms",
            connecting,
        ),
        figure("/healthz alone, p99", "ms", quantile(&alone, 0.99)),
    ]
}

fn served(found: &Findings) -> Vec<Figure> {
    let (alone, attacked) = (with_failed(&found.alone), with_failed(&found.under_attack));
    let ratio = |share| quantile(&attacked, share) / quantile(&alone, share);
    let count = |number: usize| number as f64;
    let worst = "a turn under attack against alone, p99";
    vec![
        // Of many attacks at once, the attackers' own work takes most of the machine: that figure is shown, not judged.
        match found.attacks.len() {
            0 | 1 => limited(worst, "x", ratio(0.99), RATIO_LIMIT),
            _ => figure(worst, "x", ratio(0.99)),
        },
        figure("a turn under attack against alone, p50", "x", ratio(0.5)),
        figure(
            "a turn of the victim alone, p50",
            "ms",
            quantile(&alone, 0.5),
        ),
        figure(
            "a turn of the victim alone, p99",
            "ms",
            quantile(&alone, 0.99),
        ),
        figure(
            "a turn of the victim under attack, p50",
            "ms",
            quantile(&attacked, 0.5),
        ),
        figure(
            "a turn of the victim under attack, p99",
            "ms",
            quantile(&attacked, 0.99),
        ),
        figure(
            "turns of the victim alone",
            "",
            count(found.alone.times.len()),
        ),
        figure(
            "turns of the victim under attack",
            "",
            count(found.under_attack.times.len()),
        ),
        figure(
            "turns that were refused or failed",
            "",
            count(found.under_attack.failed.len()),
        ),
        figure(
            "messages that were acknowledged",
            "",
            count(found.kept.acknowledged),
        ),
    ]
}

fn figure(name: &'static str, unit: &'static str, value: f64) -> Figure {
    Figure {
        name,
        unit,
        value,
        limit: None,
    }
}

fn limited(name: &'static str, unit: &'static str, value: f64, limit: f64) -> Figure {
    Figure {
        limit: Some(limit),
        ..figure(name, unit, value)
    }
}

/// Times in milliseconds. A turn that was refused or failed took for ever: nobody is served well by quick refusals.
fn with_failed(turns: &Turns) -> Vec<f64> {
    let mut times = millis(&turns.times);
    times.extend(turns.failed.iter().map(|_| f64::INFINITY));
    times
}

fn millis(times: &[Duration]) -> Vec<f64> {
    let times = times.iter();
    times.map(|time| time.as_secs_f64() * 1_000.0).collect()
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The value that this share of all values does not exceed; beyond any number when there are none.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() as f64 * share).ceil() as usize;
    let found = sorted.get(place.saturating_sub(1));
    found.copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_turn_is_slower_than_any_other() {
        let turns = Turns {
            times: vec![Duration::from_millis(5); 97],
            failed: vec!["refused with 503".to_owned(); 3],
        };
        let times = with_failed(&turns);
        assert!((quantile(&times, 0.5) - 5.0).abs() < 1e-9);
        assert_eq!(quantile(&times, 0.99), f64::INFINITY);
    }

    #[test]
    fn nothing_measured_passes_no_limit() {
        let ratio = quantile(&[], 0.99) / quantile(&[], 0.99);
        assert!(limited("ratio", "x", ratio, RATIO_LIMIT).is_exceeded());
        assert!(limited("health", "ms", quantile(&[], 0.99), HEALTH_LIMIT).is_exceeded());
        assert!(!limited("deaths", "", 0.0, 0.0).is_exceeded());
    }
}
