//! The stream of a language model's answer.

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use futures::StreamExt;
use skillgate_agent::provider::anthropic::Anthropic;
use skillgate_agent::{AnswerLimits, Delta, HttpClient, Provider, ProviderError, Request};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// An error says what is wrong; it does not give the answer back.
const MAX_ERROR: usize = 4096;

/// The input is the body that a peer answers with, as `text/event-stream`.
pub fn run(data: &[u8]) {
    let peer = peer();
    *peer.body.lock().expect("no panic while it is held") = Bytes::copy_from_slice(data);
    peer.runtime.block_on(read_all(&peer.model));
}

fn question() -> Request {
    Request {
        model: "model".to_owned(),
        system: String::new(),
        messages: Vec::new(),
        tools: Vec::new(),
        max_tokens: 16,
        limits: AnswerLimits::default(),
    }
}

/// Reads an answer to its end or first error, of which there is exactly one, at the end.
async fn read_all(model: &Anthropic) {
    let mut deltas = match model.stream(&question()).await {
        Ok(deltas) => deltas,
        Err(error) => return is_short(&error),
    };
    let mut ended = false;
    while let Some(delta) = deltas.next().await {
        assert!(!ended, "something came after the end");
        match delta {
            Ok(Delta::End(_)) => ended = true,
            Ok(_) => {}
            Err(error) => {
                is_short(&error);
                ended = true;
            }
        }
    }
    assert!(ended, "an answer without end");
}

fn is_short(error: &ProviderError) {
    let text = error.to_string();
    assert!(text.len() <= MAX_ERROR, "an error of {} bytes", text.len());
}

/// A peer on 127.0.0.1 and a model behind it. Both run only while an answer is read.
struct Peer {
    runtime: Runtime,
    body: Arc<Mutex<Bytes>>,
    model: Anthropic,
}

fn peer() -> &'static Peer {
    static PEER: OnceLock<Peer> = OnceLock::new();
    PEER.get_or_init(|| {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime for one thread");
        let body = Arc::new(Mutex::new(Bytes::new()));
        let url = runtime.block_on(serve(body.clone()));
        let model = Anthropic::new(HttpClient::default(), &url, "key");
        Peer {
            runtime,
            body,
            model: model.expect("a usable address"),
        }
    })
}

async fn serve(body: Arc<Mutex<Bytes>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let answer = move || {
        let body = body.lock().expect("no panic while it is held").clone();
        async { ([(CONTENT_TYPE, "text/event-stream")], body).into_response() }
    };
    let router = Router::new().route("/v1/messages", post(answer));
    tokio::spawn(async { axum::serve(listener, router).await });
    format!("http://{address}")
}
