//! Serving, from the first connection to the last answer.

use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{App, build};

/// How long requests under way may take once a shutdown began.
const DRAIN: Duration = Duration::from_secs(30);

/// Serves `app` on `listener` until `shutdown`. It begins with the runs that were cut short: they go on, in the background.
/// It ends with a drain: new connections are refused, requests under way finish,
/// runs reach their next committed step and their streams end with an event; all within 30 s.
///
/// # Errors
/// When the store can't be read at the start, or the listener fails for good.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    app.resume_runs().await.map_err(std::io::Error::other)?;
    // Without this, an answer in several writes waits for the other side's delayed acknowledgement: 40 ms each.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    let service = build(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let closing = app.closing().clone();
    let begin = async move {
        shutdown.cancelled().await;
        closing.cancel();
    };
    let server = axum::serve(listener, service)
        .with_graceful_shutdown(begin)
        .into_future();
    let (served, ()) = tokio::join!(drained(&app, server), runs_stopped(&app));
    app.flush().await;
    served
}

/// Serves until it is told to close and the requests under way have ended, or had their time to.
async fn drained(
    app: &App,
    server: impl Future<Output = std::io::Result<()>>,
) -> std::io::Result<()> {
    let overdue = async {
        app.closing().cancelled().await;
        tokio::time::sleep(DRAIN).await;
    };
    let served = tokio::select! {
        served = server => served,
        () = overdue => {
            tracing::warn!("some requests did not end within {DRAIN:?} and are cut");
            Ok(())
        }
    };
    app.closing().cancel();
    served
}

async fn runs_stopped(app: &App) {
    app.closing().cancelled().await;
    app.settle(DRAIN).await;
}
