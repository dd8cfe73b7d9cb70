//! A peer on 127.0.0.1 that speaks OpenAI's protocol for embeddings. It is no model: a test says what vector a text has.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use skillgate_agent::embedding::{OpenAiEmbedder, OpenAiEmbedderConfig};
use skillgate_agent::{HttpClient, RetryPolicy};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What the peer was asked: the credential, and the body.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The JSON body.
    pub body: Value,
}

/// Says what vector a text has, or with which status a request that holds it is refused.
type Choose = dyn Fn(&str) -> Result<Vec<f32>, u16> + Send + Sync;

/// The peer. It stops when this is dropped.
pub struct FakeEmbeddings {
    base_url: String,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    choose: Box<Choose>,
    asked: Mutex<Vec<Asked>>,
}

impl FakeEmbeddings {
    /// Starts a peer that gives each text the vector that `choose` says.
    pub async fn start(
        choose: impl Fn(&str) -> Result<Vec<f32>, u16> + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            choose: Box::new(choose),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/embeddings", post(answer))
            .with_state(shared.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                () = stopped => {}
            }
        });
        Self {
            base_url,
            shared,
            _stop: stop.drop_guard(),
        }
    }

    /// An embedder that asks this peer for vectors of two numbers, once for each batch.
    pub fn embedder(&self, model: &str) -> Arc<OpenAiEmbedder> {
        Arc::new(OpenAiEmbedder::new(OpenAiEmbedderConfig {
            http: HttpClient::default(),
            base_url: self.base_url.clone(),
            api_key: Some("sk-embedding-key".to_owned()),
            model: model.to_owned(),
            dimension: 2,
            retry: RetryPolicy {
                retries: 0,
                ..RetryPolicy::default()
            },
        }))
    }

    /// What it was asked so far, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let authorization = headers.get("authorization");
    shared.asked.lock().unwrap().push(Asked {
        authorization: authorization.map(|value| value.to_str().unwrap().to_owned()),
        body: body.clone(),
    });
    let texts = body["input"].as_array().unwrap();
    let vectors: Result<Vec<_>, u16> = texts
        .iter()
        .map(|text| (shared.choose)(text.as_str().unwrap()))
        .collect();
    match vectors {
        Ok(vectors) => {
            let data = vectors.iter().enumerate();
            let data = data.map(|(index, vector)| {
                json!({ "object": "embedding", "index": index, "embedding": vector })
            });
            Json(json!({ "object": "list", "data": data.collect::<Vec<_>>(), "model": body["model"] }))
                .into_response()
        }
        Err(status) => {
            let message = json!({ "error": { "message": "refused: sk-embedding-key" } });
            (StatusCode::from_u16(status).unwrap(), Json(message)).into_response()
        }
    }
}
