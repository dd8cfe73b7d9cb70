//! A registry on 127.0.0.1 that belongs to an attacker: what a publisher sends to it, it passes on to another registry,
//! in the name of an account of its own there.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::app::{Answer, Client};

/// What the relay says its audience is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The other registry, as that one says.
    PassedOn,
    /// The relay itself.
    Own,
}

/// The relay. It stops when this is dropped.
pub struct RelayRegistry {
    /// Where it listens, without a slash at the end.
    pub url: String,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    /// The attacker, at the other registry.
    attacker: Client,
    audience: Audience,
    url: String,
    /// The proofs that it was given.
    proofs: Mutex<Vec<Value>>,
}

impl RelayRegistry {
    /// Starts a relay to the registry of `attacker`.
    pub async fn start(attacker: Client, audience: Audience) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            attacker,
            audience,
            url: url.clone(),
            proofs: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let router = router(shared.clone());
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.unwrap(),
                () = stopped => {}
            }
        });
        Self {
            url,
            shared,
            _stop: stop.drop_guard(),
        }
    }

    /// The proofs that publishers gave it so far.
    pub fn proofs(&self) -> Vec<Value> {
        self.shared.proofs.lock().unwrap().clone()
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/account", get(account))
        .route("/v1/publisher-keys", get(no_keys).post(register))
        .route("/v1/publisher-keys/challenge", post(challenge))
        .with_state(shared)
}

async fn account(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "data": { "id": shared.attacker.account } }))
}

async fn no_keys() -> Json<Value> {
    Json(json!({ "data": [] }))
}

async fn challenge(State(shared): State<Arc<Shared>>) -> Response {
    let path = "/v1/publisher-keys/challenge";
    let mut answer = shared.attacker.post(path, json!({})).await;
    if shared.audience == Audience::Own {
        answer.body["data"]["audience"] = json!(shared.url);
    }
    passed_on(answer)
}

async fn register(State(shared): State<Arc<Shared>>, Json(proof): Json<Value>) -> Response {
    shared.proofs.lock().unwrap().push(proof.clone());
    passed_on(shared.attacker.post("/v1/publisher-keys", proof).await)
}

fn passed_on(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap();
    (status, Json(answer.body)).into_response()
}
