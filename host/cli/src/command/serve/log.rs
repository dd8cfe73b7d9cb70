//! The server's log, on stderr.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::args::{LogFormat, Serve};

/// Starts logging as the command line asks.
///
/// # Errors
/// The filter is none.
pub(super) fn start(arguments: &Serve) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&arguments.log).with_context(|| {
        format!(
            "{:?} is no filter: write a level, or target=level",
            arguments.log
        )
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
