//! Connections: admitted, served within their limits, and ended in order when the server closes.

mod admission;
mod write_deadline;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use skillgate_service::ServiceError;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::ApiError;
use crate::config::ConnectionLimits;
use crate::envelope::Envelope;
use admission::{Admission, Admitted, Full};
use write_deadline::WriteDeadline;

/// What hyper takes at least for the buffer of a head.
const LEAST_HEAD: usize = 8 << 10;
/// How often the log says that connections are refused.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Serves connections until `closing`, then waits for the requests under way. A caller that opens too many, sends no
/// whole head in time, or does not read its answer is cut off: open connections must not be had for nothing.
pub(crate) async fn serve(
    router: Router,
    mut listener: TcpListener,
    limits: &ConnectionLimits,
    closing: &CancellationToken,
) {
    let server = Server {
        router,
        http: http(limits),
        limits,
        open: GracefulShutdown::new(),
    };
    let admission = Admission::new(limits);
    let mut refusals = Refusals::default();
    // axum's accept waits a second and goes on where the system is out of file descriptors.
    while let Some((stream, peer)) = closing
        .run_until_cancelled(Listener::accept(&mut listener))
        .await
    {
        match admission.admit(peer.ip()) {
            Ok(admitted) => server.begin(stream, peer, admitted),
            Err(full) => refusals.refuse(&stream, peer, full),
        }
    }
    drop(listener);
    server.open.shutdown().await;
}

/// HTTP/1.1, with bounds on heads: hyper's own 100 headers, and our bytes and time.
fn http(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(LEAST_HEAD));
    http
}

/// What serves a connection once it is admitted.
struct Server<'a> {
    router: Router,
    http: auto::Builder<TokioExecutor>,
    limits: &'a ConnectionLimits,
    open: GracefulShutdown,
}

impl Server<'_> {
    /// Serves a connection in a task of its own.
    fn begin(&self, stream: TcpStream, peer: SocketAddr, admitted: Admitted) {
        if let Err(error) = self.prepare(&stream) {
            tracing::debug!(%error, %peer, "a connection keeps the system's own settings");
        }
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request)
        });
        let stream = TokioIo::new(WriteDeadline::new(stream, self.limits.write_timeout));
        let connection = self.http.serve_connection_with_upgrades(stream, service);
        let connection = self.open.watch(connection.into_owned());
        tokio::spawn(async move {
            let _admitted = admitted;
            if let Err(error) = connection.await {
                tracing::debug!(%error, %peer, "a connection broke");
            }
        });
    }

    fn prepare(&self, stream: &TcpStream) -> std::io::Result<()> {
        // Without this, an answer in several writes waits for the other side's delayed acknowledgement: 40 ms each.
        stream.set_nodelay(true)?;
        SockRef::from(stream).set_send_buffer_size(self.limits.send_buffer_bytes)
    }
}

/// Tells callers that they are too many.
#[derive(Default)]
struct Refusals {
    said: Option<Instant>,
}

impl Refusals {
    /// Answers 503 without reading the request, and closes when `stream` is dropped. It waits for nothing: what does not
    /// fit into the system's buffer, which is empty, is lost.
    fn refuse(&mut self, stream: &TcpStream, peer: SocketAddr, full: Full) {
        let answered = stream.try_write(full.answer().as_bytes());
        tracing::debug!(%peer, ?full, ?answered, "a connection was refused");
        if self.said.is_none_or(|said| said.elapsed() >= WARN_EVERY) {
            self.said = Some(Instant::now());
            tracing::warn!(%peer, ?full, "connections are refused: as many are open as their limits allow");
        }
    }
}

impl Full {
    fn reason(self) -> &'static str {
        match self {
            Self::All => "As many connections are open as the server takes. Try again soon.",
            Self::Address => {
                "As many connections are open from your address as the server takes from one. Close some, or try again soon."
            }
        }
    }

    /// A whole answer. It is the control plane's envelope on every path: the request is not read.
    fn answer(self) -> String {
        let refusal = ApiError::from(ServiceError::unavailable(self.reason()));
        let body = Envelope::ControlPlane.body(&refusal);
        let length = body.len();
        format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
             retry-after: 1\r\nconnection: close\r\n\r\n{body}"
        )
    }
}
