//! The refusals of operations: which statuses an operation can answer, and what they look like in the envelope of its surface.

use http::Method;
use serde_json::{Map, Value, json};

use super::headers;
use crate::envelope::{AuthoringRefusal, ControlPlaneRefusal, Envelope, TenantRefusal};
use crate::surface::describe::{Description, Schemas};
use crate::surface::{Access, Operation};

/// A way to be refused. `default` stands for every status that is not named.
struct Refusal {
    status: &'static str,
    name: &'static str,
    code: &'static str,
    /// What it means.
    text: &'static str,
    /// A message as a caller may get it.
    message: &'static str,
}

const REFUSALS: [Refusal; 14] = [
    Refusal {
        status: "400",
        name: "ValidationError",
        code: "validation_error",
        text: "The request does not fit.",
        message: "name: must have 1 to 100 characters.",
    },
    Refusal {
        status: "401",
        name: "Unauthorized",
        code: "unauthorized",
        text: "No valid API key.",
        message: "Invalid or missing API key",
    },
    Refusal {
        status: "403",
        name: "Forbidden",
        code: "forbidden",
        text: "The key lacks the scope or the plan does not include it (`forbidden`), or a limit is reached (`limit_reached`).",
        message: "This API key lacks the scope `agents:write`. Use a key that holds it.",
    },
    Refusal {
        status: "404",
        name: "NotFound",
        code: "agent_not_found",
        text: "Not there, or another account's: `<thing>_not_found`.",
        message: "No such agent in this account.",
    },
    Refusal {
        status: "409",
        name: "Conflict",
        code: "conflict",
        text: "It does not fit to what there is (`conflict`), or needs consent (`consent_required`, with `difference`).",
        message: "Skill already assigned to this agent",
    },
    Refusal {
        status: "412",
        name: "PreconditionFailed",
        code: "precondition_failed",
        text: "The thing was changed since it was read: If-Match names another ETag.",
        message: "This was changed since you read it: its ETag is none of those in If-Match. Read it again, and decide anew.",
    },
    Refusal {
        status: "413",
        name: "PayloadTooLarge",
        code: "payload_too_large",
        text: "The body is too large.",
        message: "The body is larger than the 1048576 bytes allowed here.",
    },
    Refusal {
        status: "415",
        name: "UnsupportedMediaType",
        code: "unsupported_media_type",
        text: "The body is of another type.",
        message: "Send this body as `application/json` and say so in Content-Type.",
    },
    Refusal {
        status: "422",
        name: "UnprocessableEntity",
        code: "validation_error",
        text: "The body is JSON and fails its schema.",
        message: "Failed to deserialize the JSON body into the target type: missing field `agentId` at line 1 column 2",
    },
    Refusal {
        status: "422",
        name: "IdempotencyKeyReused",
        code: "idempotency_key_reused",
        text: "The Idempotency-Key came with another request before.",
        message: "This Idempotency-Key came with another request before. Use a new key for a new request.",
    },
    Refusal {
        status: "429",
        name: "RateLimitExceeded",
        code: "rate_limit_exceeded",
        text: "Too many requests; Retry-After says when to try again.",
        message: "Too many requests. Try again in 12 s.",
    },
    Refusal {
        status: "500",
        name: "InternalError",
        code: "internal_error",
        text: "Something went wrong in the server.",
        message: "Something went wrong in the server. The header X-Request-Id names this request in its log.",
    },
    Refusal {
        status: "503",
        name: "Unavailable",
        code: "unavailable",
        text: "The server is starting, closing or full.",
        message: "The server is shutting down.",
    },
    Refusal {
        status: "default",
        name: "Failure",
        code: "provider_error",
        text: "Refused or failed for another reason, which `code` names.",
        message: "The model's provider refused.",
    },
];

const ENVELOPES: [Envelope; 3] = [
    Envelope::ControlPlane,
    Envelope::Tenant,
    Envelope::Authoring,
];

/// References to the refusals that an operation can answer, by status.
pub(super) fn references(operation: &Operation, description: &Description) -> Map<String, Value> {
    let can_answer = REFUSALS
        .iter()
        .filter(|refusal| applies(refusal, operation, description));
    let references = can_answer.map(|refusal| {
        let name = component_name(operation.envelope, refusal.name);
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        (refusal.status.to_owned(), reference)
    });
    references.collect()
}

fn applies(refusal: &Refusal, operation: &Operation, description: &Description) -> bool {
    let has_body = description.body.is_some();
    let is_tenant = operation.envelope == Envelope::Tenant;
    let writes = operation.method != Method::GET;
    match refusal.status {
        "400" => has_body || !description.query.is_empty() || (is_tenant && writes),
        "401" => operation.access != Access::Public,
        "403" => {
            operation.access != Access::Public && (writes || operation.access.scope().is_some())
        }
        "404" => operation.path.contains('{'),
        "409" => writes && !is_tenant,
        "413" | "415" => has_body,
        "412" => operation.takes_if_match,
        // On that surface a body that fails its schema has this status, too.
        "422" if is_tenant => has_body && refusal.name == "UnprocessableEntity",
        "422" => operation.takes_idempotency_key && refusal.name == "IdempotencyKeyReused",
        "429" => !operation.is_probe(),
        _ => true,
    }
}

/// The answers of refusals in every envelope, by name.
pub(super) fn components(schemas: &mut Schemas) -> Map<String, Value> {
    let mut all = Map::new();
    for envelope in ENVELOPES {
        let schema = match envelope {
            Envelope::ControlPlane => schemas.answer::<ControlPlaneRefusal<'_>>(),
            Envelope::Tenant => schemas.answer::<TenantRefusal>(),
            Envelope::Authoring => schemas.answer::<AuthoringRefusal<'_>>(),
        };
        for refusal in &REFUSALS {
            let name = component_name(envelope, refusal.name);
            all.insert(name, response(envelope, refusal, &schema));
        }
    }
    all
}

fn response(envelope: Envelope, refusal: &Refusal, schema: &Value) -> Value {
    let error = json!({ "code": refusal.code, "message": refusal.message });
    let example = match envelope {
        Envelope::ControlPlane => json!({ "error": error }),
        Envelope::Tenant => json!({ "error": refusal.message }),
        Envelope::Authoring => json!({ "success": false, "error": error }),
    };
    let status = refusal.status.parse().unwrap_or_default();
    json!({
        "description": refusal.text,
        "headers": headers::references(status),
        "content": { "application/json": { "schema": schema, "example": example } },
    })
}

fn component_name(envelope: Envelope, name: &str) -> String {
    let surface = match envelope {
        Envelope::ControlPlane => "",
        Envelope::Tenant => "Tenant",
        Envelope::Authoring => "Authoring",
    };
    format!("{surface}{name}")
}
