//! What came out of it: each figure against its limit, and what each attack was answered.

mod figures;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use crate::abuse::attack::Attack;
use crate::abuse::server::Server;
use crate::abuse::tally::Tally;
use crate::abuse::victim::{Kept, Turns};
use crate::abuse::watch::Seen;

/// How many lost messages are shown one by one.
const SHOWN: usize = 10;

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
    /// How the server died: under attack, and perhaps again after it was started anew.
    pub deaths: Vec<Death>,
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
    /// How the server died, each time.
    pub deaths: Vec<Death>,
    /// What each attack was answered.
    pub attacks: Vec<Attacked>,
}

/// One end of the server that nobody asked for.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Death {
    /// The status that it ended with.
    pub status: String,
    /// The end of its log.
    pub last_words: String,
}

impl Death {
    /// The death of this server.
    pub fn new(status: String, server: &Server) -> Self {
        Self {
            status,
            last_words: server.last_words(),
        }
    }
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
        // A ratio of two times that never ended is no number, and no pass.
        self.limit
            .is_some_and(|limit| self.value.is_nan() || self.value > limit)
    }
}

impl Report {
    /// Sums up.
    pub fn new(found: Findings) -> Self {
        let mut failed_turns = BTreeMap::new();
        for why in &found.under_attack.failed {
            *failed_turns.entry(why.clone()).or_default() += 1;
        }
        let answered = |(attack, tally): &(&'static Attack, Tally)| Attacked {
            name: attack.name,
            class: attack.class,
            about: attack.about,
            answers: tally.counts(),
        };
        Self {
            figures: figures::of(&found),
            failed_turns,
            attacks: found.attacks.iter().map(answered).collect(),
            lost: found.kept.lost,
            deaths: found.deaths,
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

    /// What matters most, on one line.
    pub fn line(&self) -> String {
        format!(
            "a turn's p99 {:.1} x ({:.0} ms, {} failed), /healthz p99 {:.1} ms, memory {:.0} MiB, descriptors {:.0}, \
             deaths {:.0}, lost {:.0}",
            self.figure("a turn under attack against alone, p99"),
            self.figure("a turn of the victim under attack, p99"),
            self.figure("turns that were refused or failed"),
            self.figure("/healthz under attack, p99"),
            self.figure("peak memory of the server"),
            self.figure("peak descriptors of the server"),
            self.figure("deaths of the server"),
            self.figure("messages of the victim that were lost"),
        )
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
        for lost in self.lost.iter().take(SHOWN) {
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
        for (number, death) in self.deaths.iter().enumerate() {
            let when = match number {
                0 => "under attack",
                _ => "again, after it was started anew on the same data",
            };
            let Death { status, last_words } = death;
            let _ = writeln!(text, "\nDIED {when}: {status}. Its log ends:\n{last_words}");
        }
        text
    }
}
