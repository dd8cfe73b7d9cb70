//! Writes refusals in the envelope of the surface that their path belongs to.
//!
//! **Invariant: all that can refuse a request is inside this layer** — authentication, the rate limit, an unknown path or method, a
//! body that is malformed, too large or too slow, a panic — and no other place makes the body of a refusal.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::ApiError;
use crate::envelope::Envelopes;

/// Gives a refusal its status and body; lets every other answer pass. The error stays on the response, for the log.
pub(crate) async fn render(
    State(envelopes): State<Envelopes>,
    request: Request,
    next: Next,
) -> Response {
    let envelope = envelopes.of(request.uri().path());
    let mut response = next.run(request).await;
    let Some(error) = response.extensions().get::<ApiError>() else {
        return response;
    };
    let (status, body) = (envelope.status(error), envelope.body(error));
    *response.status_mut() = status;
    *response.body_mut() = Body::from(body);
    let headers = response.headers_mut();
    // It is that of the empty body.
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::to_bytes;
    use axum::middleware::from_fn_with_state;
    use axum::response::IntoResponse;
    use axum::routing::get;
    use http::StatusCode;
    use serde_json::{Value, json};
    use skillgate_service::{Scope, ServiceError};
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;

    use super::*;
    use crate::envelope::Envelope;
    use crate::middleware::panic::answer_panic;

    const PREFIXES: [(&str, Envelope); 4] = [
        ("", Envelope::ControlPlane),
        ("/v1", Envelope::ControlPlane),
        ("/api/skills", Envelope::Tenant),
        ("/skills", Envelope::Authoring),
    ];

    async fn answer_of<F, R>(path: &str, handler: F) -> (StatusCode, Value)
    where
        F: Fn() -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response> + Send + 'static,
    {
        let router = Router::new().route(path, get(handler)).layer((
            from_fn_with_state(Envelopes::new(PREFIXES), render),
            CatchPanicLayer::custom(answer_panic),
        ));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        let status = answer.status();
        let body = to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    fn boom() -> Response {
        panic!("the password is hunter2")
    }

    #[tokio::test]
    async fn a_panic_is_answered_in_each_envelope() {
        let message = ApiError::internal("").message().to_owned();
        let error = json!({ "code": "internal_error", "message": message });
        for (path, expected) in [
            ("/v1/boom", json!({ "error": error })),
            ("/api/skills/boom", json!({ "error": message })),
            ("/skills/boom", json!({ "success": false, "error": error })),
        ] {
            let answer = answer_of(path, || async { boom() }).await;
            assert_eq!(answer, (StatusCode::INTERNAL_SERVER_ERROR, expected));
        }
    }

    #[tokio::test]
    async fn every_refusal_has_the_envelope_and_the_statuses_of_its_surface() {
        type Refusal = fn() -> ApiError;
        let refusals: [(Refusal, u16, u16, &str); 7] = [
            (
                ApiError::unauthorized,
                401,
                401,
                "Invalid or missing API key",
            ),
            (
                || ServiceError::not_found("skill").into(),
                404,
                404,
                "Skill not found",
            ),
            (
                || ServiceError::not_found("skill_version").into(),
                404,
                404,
                "Skill version not found",
            ),
            (
                || ServiceError::conflict("Skill already assigned to this agent").into(),
                409,
                400,
                "Skill already assigned to this agent",
            ),
            (|| ApiError::validation("a: b."), 400, 400, "a: b."),
            (|| ApiError::misfit("a: b."), 400, 422, "a: b."),
            (
                || ApiError::rate_limited(5),
                429,
                429,
                "Too many requests. Try again in 5 s.",
            ),
        ];
        for (make, status, tenant_status, tenant_message) in refusals {
            let refused = make();
            let error = json!({ "code": refused.code(), "message": refused.message() });
            let (code, body) =
                answer_of("/v1/a", move || async move { make().into_response() }).await;
            assert_eq!((code.as_u16(), &body), (status, &json!({ "error": error })));
            let (code, body) =
                answer_of("/skills/a", move || async move { make().into_response() }).await;
            let expected = json!({ "success": false, "error": error });
            assert_eq!((code.as_u16(), body), (status, expected));
            let (code, body) = answer_of(
                "/api/skills/a",
                move || async move { make().into_response() },
            )
            .await;
            let expected = json!({ "error": tenant_message });
            assert_eq!((code.as_u16(), body), (tenant_status, expected));
        }
    }

    #[test]
    fn the_surface_with_the_longest_prefix_owns_a_path() {
        let envelopes = Envelopes::new(PREFIXES);
        for (path, envelope) in [
            ("/", Envelope::ControlPlane),
            ("/api/skills", Envelope::Tenant),
            ("/api/skills/x/y", Envelope::Tenant),
            ("/api/skillsets", Envelope::ControlPlane),
            ("/skills/", Envelope::Authoring),
            ("/v1/skills", Envelope::ControlPlane),
        ] {
            assert_eq!(envelopes.of(path), envelope, "{path}");
        }
    }

    #[test]
    fn a_scope_that_is_missing_is_named_on_the_tenant_surface_too() {
        let body = Envelope::Tenant.body(&ApiError::forbidden(Scope::SkillsRead));
        assert!(body.contains("skills:read"), "{body}");
    }
}
