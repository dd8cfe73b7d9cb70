//! What came out of it: each figure against its limit, and what each attack was answered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::abuse::attack::Attack;
use crate::abuse::server::DESCRIPTORS;
use crate::abuse::tally::Tally;
use crate::abuse::victim::{Kept, Turns};
use crate::abuse::watch::Seen;

/// The most memory of the server process, in MiB.
const MEMORY_LIMIT: f64 = 512.0;
/// The most time that 99 of 100 answers of `/healthz` take, in milliseconds.
const HEALTH_LIMIT: f64 = 100.0;
/// How many times longer a turn of the victim may take under attack.
const RATIO_LIMIT: f64 = 3.0;

/// All that was found out.
pub struct Findings {
    /// The victim's turns before the attack.
    pub alone: Turns,
    /// Its turns during the attack.
    pub under_attack: Turns,
    /// How long the attack lasted.
    pub lasted: Duration,
    /// What the watcher saw.
    pub seen: Seen,
    /// How and when the server died, and the end of its log.
    pub death: Option<(String, Duration, String)>,
    /// What is left of the victim's messages.
    pub kept: Kept,
    /// How long SIGTERM took; `None` when the server had to be killed.
    pub ended: Option<Duration>,
    /// Each attack with its answers.
    pub attacks: Vec<(&'static Attack, Tally)>,
}

/// The report, as it is printed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Each figure.
    pub figures: Vec<Figure>,
    /// Why turns of the victim did not end well, with how often.
    pub failed_turns: BTreeMap<String, usize>,
    /// Messages of the victim that were acknowledged and are not there.
    pub lost: Vec<String>,
    /// How the server died, if it did.
    pub death: Option<String>,
    /// What each attack was answered.
    pub attacks: Vec<Attacked>,
}

/// A figure and, where there is one, the limit that it must not exceed.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Its value; `null` in JSON when it is beyond any number.
    pub value: f64,
    /// The most that it may be.
    pub limit: Option<f64>,
}

/// One attack in the report.
#[derive(Debug, Serialize)]
pub struct Attacked {
    /// Its name.
    pub name: &'static str,
    /// What it is an example of.
    pub class: &'static str,
    /// What it does.
    pub about: &'static str,
    /// How often it was answered in which way.
    pub answers: BTreeMap<String, u64>,
}

impl Figure {
    /// Whether it is beyond its limit.
    pub fn is_exceeded(&self) -> bool {
        self.limit.is_some_and(|limit| self.value > limit)
    }
}

impl Report {
    /// Sums up.
    pub fn new(found: Findings) -> Self {
        let mut failed_turns = BTreeMap::new();
        for why in &found.under_attack.failed {
            *failed_turns.entry(why.clone()).or_default() += 1;
        }
        let death = found.death.as_ref().map(|(how, when, log)| {
            let seconds = when.as_secs_f64();
            format!("the server died after {seconds:.1} s of attack ({how}). Its log ends:\n{log}")
        });
        let answered = |(attack, tally): &(&'static Attack, Tally)| Attacked {
            name: attack.name,
            class: attack.class,
            about: attack.about,
            answers: tally.counts(),
        };
        Self {
            figures: figures(&found),
            failed_turns,
            death,
            attacks: found.attacks.iter().map(answered).collect(),
            lost: found.kept.lost,
        }
    }

    /// The figure of this name.
    ///
    /// # Panics
    /// When there is none.
    pub fn figure(&self, name: &str) -> f64 {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.unwrap_or_else(|| panic!("no figure {name:?}")).value
    }

    /// The figures that are beyond their limits.
    pub fn exceeded(&self) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(|figure| figure.is_exceeded())
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for figure in &self.figures {
            let limit = match figure.limit {
                Some(limit) => format!("at most {limit:.0}"),
                None => "-".to_owned(),
            };
            let mark = if figure.is_exceeded() { "EXCEEDED" } else { "" };
            let _ = writeln!(
                text,
                "{:<52} {:>10.1} {:<5} {limit:<14} {mark}",
                figure.name, figure.value, figure.unit
            );
        }
        for (why, times) in &self.failed_turns {
            let _ = writeln!(text, "a turn of the victim: {why} ({times} times)");
        }
        for lost in &self.lost {
            let _ = writeln!(text, "LOST: the victim's message {lost:?}");
        }
        for attack in &self.attacks {
            let _ = writeln!(
                text,
                "\n{} ({}): {}",
                attack.name, attack.class, attack.about
            );
            for (answer, times) in &attack.answers {
                let _ = writeln!(text, "  {times:>8} x {answer}");
            }
        }
        if let Some(death) = &self.death {
            let _ = writeln!(text, "\nDIED: {death}");
        }
        text
    }
}

fn figures(found: &Findings) -> Vec<Figure> {
    let figure = |name, unit, value| Figure {
        name,
        unit,
        value,
        limit: None,
    };
    let limited = |name, unit, value, limit| Figure {
        limit: Some(limit),
        ..figure(name, unit, value)
    };
    let (seen, alone, attacked) = (
        &found.seen,
        with_failed(&found.alone),
        with_failed(&found.under_attack),
    );
    let ratio = |share| quantile(&attacked, share) / quantile(&alone, share);
    vec![
        limited(
            "deaths of the server",
            "",
            f64::from(u8::from(found.death.is_some())),
            0.0,
        ),
        limited(
            "messages of the victim that were lost",
            "",
            found.kept.lost.len() as f64,
            0.0,
        ),
        limited(
            "peak memory of the server",
            "MiB",
            mebibytes(seen.peak_memory),
            MEMORY_LIMIT,
        ),
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
        limited(
            "peak descriptors of the server",
            "",
            seen.peak_descriptors as f64,
            DESCRIPTORS as f64 - 1.0,
        ),
        figure("peak threads of the server", "", seen.peak_threads as f64),
        figure(
            "/healthz alone, p99",
            "ms",
            quantile(&millis(&seen.health_alone), 0.99),
        ),
        limited(
            "/healthz under attack, p99",
            "ms",
            quantile(&millis(&seen.health), 0.99),
            HEALTH_LIMIT,
        ),
        figure(
            "/healthz under attack, slowest",
            "ms",
            quantile(&millis(&seen.health), 1.0),
        ),
        figure(
            "/healthz under attack, new connection, p99",
            "ms",
            quantile(&millis(&seen.health_connecting), 0.99),
        ),
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
        figure("the same against alone, p50", "x", ratio(0.5)),
        limited("the same against alone, p99", "x", ratio(0.99), RATIO_LIMIT),
        figure(
            "turns of the victim under attack",
            "",
            found.under_attack.times.len() as f64,
        ),
        figure(
            "turns of the victim that were refused or failed",
            "",
            found.under_attack.failed.len() as f64,
        ),
        figure(
            "messages of the victim that were acknowledged",
            "",
            found.kept.acknowledged as f64,
        ),
        limited(
            "SIGTERMs that did not end the server",
            "",
            f64::from(u8::from(found.ended.is_none())),
            0.0,
        ),
        figure(
            "from SIGTERM to the end",
            "s",
            found.ended.map_or(f64::INFINITY, |time| time.as_secs_f64()),
        ),
        figure("length of the attack", "s", found.lasted.as_secs_f64()),
    ]
}

/// Times in milliseconds. A turn that was refused or failed took for ever: nobody is served well by quick refusals.
fn with_failed(turns: &Turns) -> Vec<f64> {
    let mut times = millis(&turns.times);
    times.extend(turns.failed.iter().map(|_| f64::INFINITY));
    times
}

fn millis(times: &[Duration]) -> Vec<f64> {
    times
        .iter()
        .map(|time| time.as_secs_f64() * 1_000.0)
        .collect()
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
