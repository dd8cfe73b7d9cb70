//! A peer on 127.0.0.1 that speaks the Anthropic Messages protocol exactly, good answers and bad ones, and
//! remembers what it was asked. It is no model: it gives the replies that a test wrote, in their order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What is given to one request.
#[derive(Clone)]
pub enum Reply {
    /// A whole answer.
    Answer(Vec<Block>),
    /// A whole answer, each of its events only after the test gave a permit.
    Gated(Vec<Block>, Arc<Semaphore>),
    /// An answer that is cut in the middle: so many events, then the connection breaks.
    Cut(Vec<Block>, usize),
    /// The first events of an answer, then an `error` event of this type inside the same stream.
    Fails(Vec<Block>, usize, &'static str),
    /// Another status than 200, with the documented error body and perhaps a `Retry-After` in seconds.
    Status(u16, Option<u32>),
    /// 200 with this content type and this body.
    Garbage(&'static str, &'static str),
}

/// A block of an answer.
#[derive(Clone)]
pub enum Block {
    /// Text.
    Text(String),
    /// Reasoning: text and signature.
    Thinking(&'static str, &'static str),
    /// A tool call: id, name, arguments. `{}` is sent as the protocol does it, without any fragment.
    ToolUse(&'static str, &'static str, Value),
}

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// All headers.
    pub headers: HeaderMap,
    /// The JSON body.
    pub body: Value,
}

/// The peer. It stops when this is dropped.
pub struct FakeAnthropic {
    base_url: String,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

/// Says what a request, by its body, is answered with.
type Choose = dyn Fn(&Value) -> Reply + Send + Sync;

#[derive(Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
    choose: Option<Box<Choose>>,
}

impl FakeAnthropic {
    /// Starts a peer that gives these replies, one for each request; further requests get 500.
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let shared = Shared::default();
        shared.replies.lock().unwrap().extend(replies);
        Self::serve(shared).await
    }

    /// Starts a peer that answers each request with what `choose` says of its body, for ever. It remembers nothing.
    pub async fn choosing(choose: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(Shared {
            choose: Some(Box::new(choose)),
            ..Shared::default()
        })
        .await
    }

    async fn serve(shared: Shared) -> Self {
        let shared = Arc::new(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let router = Router::new()
            .route("/v1/messages", post(answer))
            .with_state(shared.clone());
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                () = stopped => {}
            }
        });
        let _stop = stop.drop_guard();
        Self {
            base_url,
            shared,
            _stop,
        }
    }

    /// What `ANTHROPIC_BASE_URL` would hold.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What it was asked so far, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Block {
    /// A block of text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn events(&self, index: usize) -> Vec<Value> {
        let (start, deltas) = match self {
            Self::Text(text) => (
                json!({"type": "text", "text": ""}),
                pieces(text, |piece| json!({"type": "text_delta", "text": piece})),
            ),
            Self::Thinking(text, signature) => {
                let mut deltas = pieces(
                    text,
                    |piece| json!({"type": "thinking_delta", "thinking": piece}),
                );
                deltas.push(json!({"type": "signature_delta", "signature": signature}));
                let start = json!({"type": "thinking", "thinking": "", "signature": ""});
                (start, deltas)
            }
            Self::ToolUse(id, name, input) => {
                let written = match input.as_object() {
                    Some(object) if object.is_empty() => String::new(),
                    _ => input.to_string(),
                };
                let deltas = pieces(
                    &written,
                    |piece| json!({"type": "input_json_delta", "partial_json": piece}),
                );
                let start = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                (start, deltas)
            }
        };
        let start = json!({"type": "content_block_start", "index": index, "content_block": start});
        let deltas = deltas
            .into_iter()
            .map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta}));
        let stop = json!({"type": "content_block_stop", "index": index});
        [start].into_iter().chain(deltas).chain([stop]).collect()
    }
}

/// Fragments of seven characters.
fn pieces(text: &str, delta: impl Fn(String) -> Value) -> Vec<Value> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .chunks(7)
        .map(|piece| delta(piece.iter().collect()))
        .collect()
}

/// The events of a whole answer, in the documented order. Each answer uses 12 input tokens, of which 8 come
/// from the cache, and 6 output tokens.
fn events(blocks: &[Block]) -> Vec<Value> {
    let calls = blocks
        .iter()
        .any(|block| matches!(block, Block::ToolUse(..)));
    let stop_reason = if calls { "tool_use" } else { "end_turn" };
    let mut events = vec![
        json!({"type": "message_start", "message": {
            "id": "msg_fake", "type": "message", "role": "assistant", "model": "claude-fake",
            "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 4, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 8, "output_tokens": 1},
        }}),
        json!({"type": "ping"}),
    ];
    for (index, block) in blocks.iter().enumerate() {
        events.extend(block.events(index));
    }
    events.push(json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": null},
        "usage": {"output_tokens": 6},
    }));
    events.push(json!({"type": "message_stop"}));
    events
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let reply = match &shared.choose {
        Some(choose) => Some(choose(&body)),
        None => {
            shared.asked.lock().unwrap().push(Asked { headers, body });
            shared.replies.lock().unwrap().pop_front()
        }
    };
    match reply.unwrap_or(Reply::Status(500, None)) {
        Reply::Answer(blocks) => event_stream(events(&blocks), None, false),
        Reply::Gated(blocks, gate) => event_stream(events(&blocks), Some(gate), false),
        Reply::Cut(blocks, kept) => {
            let mut events = events(&blocks);
            events.truncate(kept);
            event_stream(events, None, true)
        }
        Reply::Fails(blocks, kept, kind) => {
            let mut events = events(&blocks);
            events.truncate(kept);
            events.push(json!({"type": "error", "error": {"type": kind, "message": kind}}));
            event_stream(events, None, false)
        }
        Reply::Status(status, retry_after) => refusal(status, retry_after),
        Reply::Garbage(kind, body) => ([("content-type", kind)], body).into_response(),
    }
}

fn refusal(status: u16, retry_after: Option<u32>) -> Response {
    let kind = match status {
        401 => "authentication_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let body = json!({"type": "error", "error": {"type": kind, "message": kind}, "request_id": "req_fake"});
    let status = StatusCode::from_u16(status).unwrap();
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        let headers = response.headers_mut();
        headers.insert("retry-after", seconds.into());
    }
    response
}

/// A 200 with these events; `gate` holds each back until it has a permit, `cut` breaks the connection after them.
fn event_stream(events: Vec<Value>, gate: Option<Arc<Semaphore>>, cut: bool) -> Response {
    let frames = events.into_iter().map(|event| {
        let name = event["type"].as_str().unwrap_or_default();
        Bytes::from(format!("event: {name}\ndata: {event}\n\n"))
    });
    let frames = stream::iter(frames).then(move |frame| {
        let gate = gate.clone();
        async move {
            if let Some(gate) = gate {
                gate.acquire().await.unwrap().forget();
            }
            Ok(frame)
        }
    });
    let broken = stream::iter(cut.then_some(())).then(async |()| {
        // What was written before is sent only once the body has nothing at hand.
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    let body = Body::from_stream(frames.chain(broken));
    ([("content-type", "text/event-stream; charset=utf-8")], body).into_response()
}
