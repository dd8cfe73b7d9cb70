//! `GET /.well-known/jwks.json`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use crate::App;

/// A set of public keys (RFC 7517, section 5).
#[derive(Serialize, JsonSchema)]
pub(crate) struct PublicKeySet {
    keys: Vec<PublicKey>,
}

/// An ed25519 key (RFC 8037, section 2).
#[derive(Serialize, JsonSchema)]
pub(crate) struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    x: String,
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
}

/// The keys that access tokens are verified with.
pub(crate) async fn public_keys(State(app): State<App>) -> Json<PublicKeySet> {
    let key = app.tokens.public_key();
    Json(PublicKeySet {
        keys: vec![PublicKey {
            kty: "OKP",
            crv: "Ed25519",
            x: key.x.to_owned(),
            kid: key.id.to_owned(),
            usage: "sig",
            alg: "EdDSA",
        }],
    })
}
