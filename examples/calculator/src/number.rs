//! Numbers as people write them.

/// Digits that are certain in a 64-bit float.
const SIGNIFICANT: usize = 15;

/// 15 significant digits, without trailing zeros; with an exponent when the number is very
/// large or very small.
pub(crate) fn format(value: f64) -> String {
    let rounded = format!("{value:.*e}", SIGNIFICANT - 1)
        .parse()
        .unwrap_or(value);
    if rounded == 0.0 {
        return "0".to_owned();
    }
    let plain = (1e-6..1e15).contains(&rounded.abs());
    if plain {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}
