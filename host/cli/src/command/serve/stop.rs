//! When to stop: SIGTERM, or ctrl-c.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first of the signals; a second one ends the process at once.
///
/// # Errors
/// The system does not let us listen for signals.
pub(super) fn on_signal() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopped = CancellationToken::new();
    let cancel = stopped.clone();
    tokio::spawn(async move {
        for first in [true, false] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            match first {
                true => {
                    tracing::info!(
                        "stopping: requests under way are finished first; a second signal stops at once"
                    );
                    cancel.cancel();
                }
                // 128 and the number of SIGINT, as shells report it.
                false => std::process::exit(130),
            }
        }
    });
    Ok(stopped)
}
