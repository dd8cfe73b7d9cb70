//! Why a value was not accepted by a schema.

use std::time::Duration;

/// Why a value was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It cannot be parsed.
    NotJson(String),
    /// It is nested deeper than this many levels.
    TooDeep(usize),
    /// Checking it could take more than this many steps, so that it was not begun.
    TooCostly(u64),
    /// The schema does not accept it.
    DoesNotFit {
        /// The JSON pointer of what does not fit; empty for the value itself.
        place: String,
        /// The library's words.
        why: String,
    },
    /// The schema does not accept it, and finding out where would take too long.
    Unexplained,
    /// Others kept the threads for this busy for all of the call's time.
    NotInTime(Duration),
    /// The host or the library failed; the log says how.
    HostFailed,
}

impl Misfit {
    /// Says it in a sentence about `it`, "they" or "its structured result", that `is` "are" or "is".
    pub(crate) fn sentence(&self, it: &str, is: &str) -> String {
        match self {
            Self::NotJson(error) => format!("{it} {is} no JSON: {error}"),
            Self::TooDeep(limit) => {
                format!("{it} {is} nested deeper than {limit} levels; flatten the value")
            }
            Self::TooCostly(limit) => format!(
                "{it} {is} too much to check with the tool's schema: it could take more than {limit} steps; split the value, nest it less, or shorten its lists and texts"
            ),
            Self::DoesNotFit { place, why } if place.is_empty() => why.clone(),
            Self::DoesNotFit { place, why } => format!("{place}: {why}"),
            Self::Unexplained => format!(
                "{it} {} not fit the tool's schema, and {is} too large to say where",
                if is == "are" { "do" } else { "does" }
            ),
            Self::NotInTime(limit) => format!("{it} could not be checked within {limit:?}"),
            Self::HostFailed => {
                format!("{it} could not be checked: the host failed, and its log says how")
            }
        }
    }
}
