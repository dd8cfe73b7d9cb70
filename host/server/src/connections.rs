//! Connections: accepted, served, and ended in order when the server closes.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a caller may take to send a request's head, from the moment its connection is open or the last answer sent.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Serves connections until `closing`, then waits for the requests under way. A caller that does not send a whole head
/// within `head_timeout` is cut off: open connections must not be had for nothing.
pub(crate) async fn serve(
    router: Router,
    mut listener: TcpListener,
    head_timeout: Duration,
    closing: &CancellationToken,
) {
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout);
    let open = GracefulShutdown::new();
    // axum's accept waits a little and goes on where the system is out of file descriptors.
    while let Some((stream, peer)) = closing
        .run_until_cancelled(Listener::accept(&mut listener))
        .await
    {
        // Without this, an answer in several writes waits for the other side's delayed acknowledgement: 40 ms each.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = open.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection broke");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}
