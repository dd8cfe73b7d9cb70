//! Regular expressions in schemas, measured before the evaluator compiles them.

use regex_automata::nfa::thompson::NFA;

use super::budget::{Budget, refuse_over};
use super::weight::Weight;

/// Bytes of the cache that an engine may fill while it matches. Beyond it, matching is slower, never wrong.
pub(super) const CACHE_BYTES: usize = 64 << 10;

/// What of a pattern an error quotes, in characters.
const QUOTED: usize = 60;

/// Counts the regular expression and gives what each byte of a string costs it. `count` is how many
/// the schema has with this one. The error continues "its input schema …".
pub(super) fn measure(
    pattern: &str,
    count: usize,
    budget: &mut Budget<'_>,
) -> Result<Weight, String> {
    let limits = budget.limits();
    refuse_over(count, limits.patterns, "patterns; use fewer")?;
    if pattern.len() > limits.pattern_bytes {
        return Err(format!(
            "has a pattern of {} bytes, {:?}; at most {} are allowed: check the rest in the tool",
            pattern.len(),
            quoted(pattern),
            limits.pattern_bytes
        ));
    }
    let translated = jsonschema_regex::to_rust_regex(pattern).map_err(|()| unsupported(pattern))?;
    let config = NFA::config().nfa_size_limit(Some(limits.pattern_size));
    let nfa = NFA::compiler()
        .configure(config)
        .build(&translated)
        .map_err(|error| match error.size_limit() {
            Some(limit) => format!(
                "has a pattern that takes more than {limit} bytes compiled, {:?}; use smaller repetitions and character classes",
                quoted(pattern)
            ),
            None => unsupported(pattern),
        })?;
    budget.add_pattern(nfa.memory_usage())?;
    // The slowest engine looks at every state for every byte, at about a sixteenth of a step each.
    Ok(Weight::steps(4).plus(Weight::bytes(2 + nfa.states().len() as u64)))
}

fn unsupported(pattern: &str) -> String {
    format!(
        "has a pattern that is no regular expression here, {:?}; look-around and back-references are not supported",
        quoted(pattern)
    )
}

fn quoted(pattern: &str) -> String {
    pattern.chars().take(QUOTED).collect()
}
