//! Figures: made of samples, and printed.

use std::time::Duration;

/// Prints one figure in the form that `cargo xtask bench` reads; `-` stands for no floor, or no goal.
pub(crate) fn print(what: &str, result: &str, floor: &str, goal: &str) {
    println!("figure\t{what}\t{result}\t{floor}\t{goal}");
}

/// The sample that half of the samples are not above. There must be one.
pub(crate) fn median<T: PartialOrd + Copy>(samples: &[T]) -> T {
    quantile(samples, 0.5)
}

/// The sample that `part` (0 to 1) of the samples are not above, by nearest rank. There must be one.
pub(crate) fn quantile<T: PartialOrd + Copy>(samples: &[T], part: f64) -> T {
    let mut sorted = samples.to_vec();
    sorted.sort_by(|one, other| one.partial_cmp(other).unwrap());
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted[rank.saturating_sub(1)]
}

/// A time with three digits at least, in µs or ms.
pub(crate) fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        ..1_000.0 => format!("{micros:.0} µs"),
        ..10_000.0 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.1} ms", micros / 1e3),
    }
}
