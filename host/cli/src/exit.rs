//! How a command ends: the documented exit codes, and the failure that carries one.

use std::process::ExitCode;

/// Why the process ended, as a number that scripts can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something failed that no other code names, a tool's own error too.
    Failure,
    /// The command line itself was wrong.
    Usage,
    /// A signature, a key, a scope or a permission did not allow it.
    Refused,
    /// A file, a tool, an agent or a skill that was named does not exist.
    NotFound,
    /// The server did not answer.
    Unreachable,
}

impl Exit {
    /// Every code with its meaning, in order; success first. The text of `--help` and of the generated page.
    pub(crate) const TABLE: [(u8, &'static str); 6] = [
        (0, "done"),
        (1, "failed, or the tool answered with an error"),
        (2, "the command line is wrong"),
        (
            3,
            "refused: bad signature, missing permission, key or scope not accepted",
        ),
        (
            4,
            "not found: a file, tool, agent or skill that does not exist",
        ),
        (5, "the server cannot be reached"),
    ];

    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::NotFound => 4,
            Self::Unreachable => 5,
        }
    }

    /// One word for `--json` errors.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error with the exit code that it ends the process with.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code to exit with.
    pub(crate) exit: Exit,
    /// What was wrong, where, and what to do.
    pub(crate) error: anyhow::Error,
}

impl Failure {
    /// A failure that ends with `exit` and says `message`.
    pub(crate) fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self {
            exit,
            error: anyhow::anyhow!("{message}"),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            exit: Exit::Failure,
            error: error.into(),
        }
    }
}

/// What every command gives back.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Gives an error an exit code other than 1.
pub(crate) trait OrExit<T> {
    /// On error, end with `exit`.
    fn or_exit(self, exit: Exit) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Outcome<T> {
        self.map_err(|error| Failure {
            exit,
            error: error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_names_every_code_once_and_in_order() {
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(code, _)| *code).collect();
        let ours = [
            Exit::Failure,
            Exit::Usage,
            Exit::Refused,
            Exit::NotFound,
            Exit::Unreachable,
        ];
        assert_eq!(codes[0], 0);
        assert_eq!(codes[1..], ours.map(Exit::code));
    }

    #[test]
    fn an_error_without_a_code_is_a_failure() {
        let failure: Failure = std::io::Error::other("broken").into();
        assert_eq!(failure.exit, Exit::Failure);
        assert_eq!(failure.error.to_string(), "broken");
    }
}
