//! An identity provider on 127.0.0.1: a discovery document, public keys, and tokens that it signs as a test wants them.

use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use skillgate_service::IdentityProviderConfig;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Whom its tokens are for, unless a test says otherwise.
pub const AUDIENCE: &str = "skillgate";

/// How it answers a request for its keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// With its keys.
    #[default]
    Honest,
    /// With a status of 500.
    Failing,
    /// With more bytes than are read.
    Endless,
    /// With a redirect to its keys.
    Redirecting,
    /// With its keys, once a test lets it.
    Waiting,
}

#[derive(Default)]
struct Shared {
    issuer: String,
    keys: Mutex<Vec<Jwk>>,
    manner: Mutex<Manner>,
    asked: Mutex<usize>,
    arrived: Notify,
    released: Notify,
}

/// A private key of the provider.
pub struct IssuerKey {
    id: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

/// The provider. It stops when this is dropped.
pub struct FakeIssuer {
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl IssuerKey {
    /// A new key for RS256, ES256 or EdDSA.
    pub fn new(id: &str, algorithm: Algorithm) -> Self {
        let key = match algorithm {
            Algorithm::RS256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
                // The library wants the key without its PKCS #8 head.
                EncodingKey::from_rsa_der(&der.as_ref()[26..])
            }
            Algorithm::ES256 => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let der = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
                EncodingKey::from_ec_der(der.as_ref())
            }
            Algorithm::EdDSA => {
                let head = hex::decode("302e020100300506032b657004220420").unwrap();
                let seed: [u8; 32] = rand::random();
                EncodingKey::from_ed_der(&[head.as_slice(), &seed].concat())
            }
            other => panic!("no key for {other:?}"),
        };
        Self {
            id: id.to_owned(),
            algorithm,
            key,
        }
    }

    /// Signs these claims.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as("JWT", claims)
    }

    /// Signs these claims under a head that says `kind` in `typ`.
    pub fn sign_as(&self, kind: &str, claims: &Value) -> String {
        let header = Header {
            kid: Some(self.id.clone()),
            typ: Some(kind.to_owned()),
            ..Header::new(self.algorithm)
        };
        encode(&header, claims, &self.key).unwrap()
    }

    fn public(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.clone());
        jwk
    }
}

impl FakeIssuer {
    /// Starts a provider with these keys.
    pub async fn start(keys: &[&IssuerKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Shared {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            ..Shared::default()
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(key_set))
            .route("/moved", get(moved_keys))
            .with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let issuer = Self { shared, server };
        issuer.publish(keys);
        issuer
    }

    /// Its address, as its tokens name it.
    pub fn url(&self) -> &str {
        &self.shared.issuer
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&IssuerKey]) {
        *self.shared.keys.lock().unwrap() = keys.iter().map(|key| key.public()).collect();
    }

    /// Answers requests for its keys in this manner from now on.
    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// How often it was asked for its keys.
    pub fn asked(&self) -> usize {
        *self.shared.asked.lock().unwrap()
    }

    /// Waits until somebody waits for its keys, see [`Manner::Waiting`].
    pub async fn arrived(&self) {
        self.shared.arrived.notified().await;
    }

    /// Lets one who waits for its keys have them.
    pub fn release(&self) {
        self.shared.released.notify_one();
    }

    /// What a server that accepts its tokens is told.
    pub fn config(&self) -> IdentityProviderConfig {
        IdentityProviderConfig {
            issuer: self.url().parse().unwrap(),
            audience: AUDIENCE.to_owned(),
            account_claim: "skillgate_account".to_owned(),
            scope_claim: "scope".to_owned(),
        }
    }

    /// Claims that hold from `now` (Unix seconds) for an hour, for this account.
    pub fn claims(&self, account: &str, scope: &str, now: i64) -> Value {
        json!({
            "iss": self.url(), "aud": AUDIENCE, "sub": "ada@example.com",
            "iat": now, "nbf": now, "exp": now + 3_600,
            "skillgate_account": account, "scope": scope,
        })
    }
}

impl Drop for FakeIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    let keys = format!("{}/keys", shared.issuer);
    axum::Json(json!({ "issuer": shared.issuer, "jwks_uri": keys })).into_response()
}

async fn key_set(State(shared): State<Arc<Shared>>) -> Response {
    *shared.asked.lock().unwrap() += 1;
    let manner = *shared.manner.lock().unwrap();
    match manner {
        Manner::Honest => published(&shared),
        Manner::Waiting => {
            shared.arrived.notify_one();
            shared.released.notified().await;
            published(&shared)
        }
        Manner::Failing => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Manner::Endless => "[".repeat(1 << 20).into_response(),
        Manner::Redirecting => {
            let location = [(LOCATION, format!("{}/moved", shared.issuer))];
            (StatusCode::FOUND, location).into_response()
        }
    }
}

async fn moved_keys(State(shared): State<Arc<Shared>>) -> Response {
    published(&shared)
}

fn published(shared: &Shared) -> Response {
    let keys = shared.keys.lock().unwrap().clone();
    axum::Json(json!({ "keys": keys })).into_response()
}
