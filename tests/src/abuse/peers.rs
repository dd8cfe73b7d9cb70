//! What skills of attackers talk to: servers on this machine that keep connections for as long as they can.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

/// How many servers there are: each is another host to a client that keeps idle connections by host. A manifest may
/// have 64 rules.
const SERVERS: usize = 60;

/// The servers; they run until the process ends.
pub struct Peers {
    /// `http://127.0.0.1:<port>` of each.
    pub urls: Vec<String>,
}

impl Peers {
    /// Starts them all. `/hold` sends a head and one byte, and never ends; everything else answers at once with nothing.
    pub async fn start() -> Self {
        let mut urls = Vec::new();
        for _ in 0..SERVERS {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            urls.push(format!("http://{}", listener.local_addr().unwrap()));
            let router = Router::new()
                .route("/hold", get(hold))
                .fallback(async || "");
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        Self { urls }
    }

    /// The rules under which a skill may ask all of them, and names that nobody knows, as lines of a manifest.
    pub fn rules(&self) -> String {
        let rules = self.urls.iter().map(|url| format!("        - GET {url}/*"));
        let unknown = "        - GET https://*.black.invalid/*".to_owned();
        rules.chain([unknown]).collect::<Vec<_>>().join("\n")
    }
}

async fn hold() -> Body {
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"x"))]);
    Body::from_stream(first.chain(stream::pending()))
}
