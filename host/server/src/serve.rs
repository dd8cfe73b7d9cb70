//! Serving, from the first connection to the last answer.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{App, build, connections};

/// How long requests under way may take once a shutdown began.
const DRAIN: Duration = Duration::from_secs(30);

/// Serves `app` on `listener` until `shutdown`. It begins with the runs that were cut short: they go on, in the background.
/// It ends with a drain: new connections are refused, requests under way finish,
/// runs reach their next committed step and their streams end with an event; all within 30 s.
///
/// # Errors
/// When the store can't be read at the start.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    app.resume_runs().await.map_err(std::io::Error::other)?;
    let begin = async {
        shutdown.cancelled().await;
        app.background().closing().cancel();
    };
    let router = build(app.clone());
    let server = connections::serve(
        router,
        listener,
        app.connections(),
        app.background().closing(),
    );
    tokio::join!(begin, drained(&app, server), runs_stopped(&app));
    app.flush().await;
    Ok(())
}

/// Serves until it is told to close and the requests under way have ended, or had their time to.
async fn drained(app: &App, server: impl Future<Output = ()>) {
    let overdue = async {
        app.background().closing().cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        () = server => {}
        () = overdue => tracing::warn!("some requests did not end within {DRAIN:?} and are cut"),
    }
}

async fn runs_stopped(app: &App) {
    app.background().closing().cancelled().await;
    app.background().drain(DRAIN).await;
}
