//! Every route in one file: method, path, scope, handler.

pub(crate) mod account;
pub(crate) mod agents;
pub(crate) mod api_keys;
pub(crate) mod chat;
pub(crate) mod health;
pub(crate) mod installations;
pub(crate) mod logs;
pub(crate) mod publisher_keys;
pub(crate) mod runs;
pub(crate) mod skills;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post};
use axum::{Router, http};
use tower_http::catch_panic::CatchPanicLayer;

use crate::extract::JSON_LIMIT;
use crate::middleware::{gate::gate, request_id::request_id, scope::require};
use crate::scope::Scope::{
    self, Admin, AgentsRead, AgentsWrite, Chat, Logs, SkillsRead, SkillsWrite,
};
use crate::{ApiError, App};

/// The whole service.
pub fn build(app: App) -> Router {
    Router::new()
        .route(
            "/v1/agents",
            need(AgentsRead, get(agents::list)).merge(need(AgentsWrite, post(agents::create))),
        )
        .route(
            "/v1/agents/{id}",
            need(AgentsRead, get(agents::get)).merge(need(AgentsWrite, delete(agents::delete))),
        )
        .route(
            "/v1/agents/{id}/start",
            need(AgentsWrite, post(agents::start)),
        )
        .route(
            "/v1/agents/{id}/stop",
            need(AgentsWrite, post(agents::stop)),
        )
        .route(
            "/v1/agents/{id}/restart",
            need(AgentsWrite, post(agents::restart)),
        )
        .route(
            "/v1/agents/{id}/secrets",
            need(AgentsWrite, patch(agents::secrets)),
        )
        .route(
            "/v1/agents/{id}/chat/messages",
            need(Chat, get(chat::history).post(chat::send)),
        )
        .route(
            "/v1/agents/{id}/chat/sessions",
            need(Chat, get(chat::sessions).post(chat::open)),
        )
        .route("/v1/agents/{id}/logs", need(Logs, get(logs::tail)))
        .route("/v1/agents/{id}/logs/stream", need(Logs, get(logs::stream)))
        .route(
            "/v1/agents/{id}/skills",
            need(SkillsRead, get(installations::list))
                .merge(need(SkillsWrite, post(installations::install))),
        )
        .route(
            "/v1/agents/{id}/skills/{skill}",
            need(SkillsWrite, delete(installations::uninstall)),
        )
        .route(
            "/v1/skills",
            need(SkillsRead, get(skills::list)).merge(need(SkillsWrite, skills::upload())),
        )
        .route(
            "/v1/skills/{id}",
            need(SkillsRead, get(skills::get)).merge(need(
                SkillsWrite,
                skills::replacement().delete(skills::delete),
            )),
        )
        .route(
            "/v1/publisher-keys",
            need(SkillsRead, get(publisher_keys::list))
                .merge(need(SkillsWrite, post(publisher_keys::add))),
        )
        .route(
            "/v1/publisher-keys/challenge",
            need(SkillsWrite, post(publisher_keys::challenge)),
        )
        .route(
            "/v1/publisher-keys/{id}",
            need(SkillsWrite, delete(publisher_keys::revoke)),
        )
        .route(
            "/v1/api-keys",
            need(Admin, get(api_keys::list).post(api_keys::create)),
        )
        .route("/v1/api-keys/{id}", need(Admin, delete(api_keys::revoke)))
        .route("/v1/runs/{id}", need(Chat, get(runs::get)))
        .route("/v1/runs/{id}/receipts", need(Logs, get(runs::receipts)))
        .route("/v1/account", get(account::get))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async |uri: http::Uri| ApiError::no_route(uri.path()))
        .method_not_allowed_fallback(async |method: http::Method| ApiError::no_method(&method))
        // Outermost first, and as one layer: each call of `layer` would box every request once more.
        .layer((
            from_fn(request_id),
            from_fn_with_state(app.clone(), gate),
            CatchPanicLayer::custom(panicked),
            DefaultBodyLimit::max(JSON_LIMIT),
        ))
        .with_state(app)
}

/// A route that wants a key with `scope`.
fn need(scope: Scope, route: MethodRouter<App>) -> MethodRouter<App> {
    route.route_layer(from_fn_with_state(scope, require))
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    ApiError::internal(format!("a handler panicked: {}", text.unwrap_or_default())).into_response()
}
