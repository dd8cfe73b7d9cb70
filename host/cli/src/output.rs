//! What is printed, and where: results on stdout, everything said beside them on stderr.
//! A reader that has gone away (a closed pipe) ends the process quietly.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::exit::Failure;

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON value (or one a line, for streams), for programs.
    Json,
}

/// The two streams of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// How results are written.
    pub(crate) format: Format,
    /// Whether stderr is a terminal that is shown colours.
    colour: bool,
}

/// A style of text on a terminal: the number of its SGR code (ECMA-48).
#[derive(Clone, Copy)]
enum Style {
    Dim = 2,
    Red = 31,
    Yellow = 33,
}

impl Output {
    /// Colours only on a terminal, and never where `NO_COLOR` asks for none (no-color.org).
    pub(crate) fn new(format: Format) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            format,
            colour: wanted && std::io::stderr().is_terminal(),
        }
    }

    /// Prints a result: `value` as JSON, or `text` for people.
    ///
    /// # Errors
    /// The value cannot be written as JSON, or stdout cannot be written to.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        match self.format {
            Format::Json => self.line(&serde_json::to_string_pretty(value)?),
            Format::Text => self.line(text(value).trim_end()),
        }
    }

    /// Prints one line to stdout, whatever the format.
    ///
    /// # Errors
    /// Stdout cannot be written to.
    pub(crate) fn line(&self, line: &str) -> anyhow::Result<()> {
        self.raw(&format!("{line}\n"))
    }

    /// Prints text that a skill or a model wrote: as it is, unless a terminal would obey what is in it.
    ///
    /// # Errors
    /// Stdout cannot be written to.
    pub(crate) fn untrusted(&self, text: &str) -> anyhow::Result<()> {
        match std::io::stdout().is_terminal() {
            true => self.raw(&plain(text)),
            false => self.raw(text),
        }
    }

    /// Prints to stdout at once, without a line's end.
    ///
    /// # Errors
    /// Stdout cannot be written to.
    pub(crate) fn raw(&self, text: &str) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        let written = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => Ok(written?),
        }
    }

    /// Says something beside the result.
    pub(crate) fn note(&self, message: impl Display) {
        self.say(message);
    }

    /// Says something of lesser weight beside the result.
    pub(crate) fn dim(&self, message: impl Display) {
        self.say(self.styled(Style::Dim, &message.to_string()));
    }

    /// Says that something needs attention although the command goes on.
    pub(crate) fn warn(&self, message: impl Display) {
        self.say(format_args!(
            "{} {message}",
            self.styled(Style::Yellow, "warning:")
        ));
    }

    /// Says why the command failed: for people, or as one JSON object a line.
    pub(crate) fn failure(&self, failure: &Failure) {
        let message = format!("{:#}", failure.error);
        match self.format {
            Format::Text => self.say(format_args!(
                "{} {message}",
                self.styled(Style::Red, "error:")
            )),
            Format::Json => self.say(serde_json::json!({
                "error": { "code": failure.exit.word(), "message": message }
            })),
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        match self.colour {
            true => format!("\x1b[{}m{text}\x1b[0m", style as u8),
            false => text.to_owned(),
        }
    }

    /// A message that cannot be written is lost: there is nowhere left to say so.
    fn say(&self, message: impl Display) {
        let _ = writeln!(std::io::stderr().lock(), "{message}");
    }
}

/// Text from a skill or a server made safe to show: control characters other than line breaks and tabs
/// are replaced, so that it cannot steer the terminal.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// A size for people: `142.3 KiB`.
pub(crate) fn size(bytes: u64) -> String {
    const KIB: f64 = 1024.0;
    let bytes_float = bytes as f64;
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes_float / KIB),
        _ => format!("{:.1} MiB", bytes_float / KIB / KIB),
    }
}

/// `text` with every line that is not empty moved to the right by `spaces`.
pub(crate) fn indent(text: &str, spaces: usize) -> String {
    let margin = " ".repeat(spaces);
    let moved = |line: &str| match line {
        "" => "\n".to_owned(),
        line => format!("{margin}{line}\n"),
    };
    text.lines().map(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_one_digit() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(3 << 20), "3.0 MiB");
    }

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(plain("a\x1b[31mb\tc\nd"), "a\u{fffd}[31mb\tc\nd");
        assert_eq!(plain("title\u{9b}"), "title\u{fffd}");
    }

    #[test]
    fn every_line_is_indented() {
        assert_eq!(indent("a\n\nb", 2), "  a\n\n  b\n");
    }
}
