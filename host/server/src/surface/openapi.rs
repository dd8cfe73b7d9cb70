//! `/openapi.json`: the rows of all surfaces, as OpenAPI 3.1 (<https://spec.openapis.org/oas/v3.1.1.html>).

use http::Method;
use serde_json::{Map, Value, json};

use super::describe::{Description, Schemas};
use super::{Access, Operation, Surface};

/// The document of these surfaces.
pub(crate) fn openapi_document(surfaces: impl IntoIterator<Item = Surface>) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for row in surfaces.into_iter().flat_map(|surface| surface.rows) {
        let description = (row.describe)(&mut schemas);
        let path = paths
            .entry(row.operation.path.clone())
            .or_insert_with(|| json!({}));
        path[row.operation.method.as_str().to_ascii_lowercase()] =
            operation_object(&row.operation, description);
    }
    let mut schemas = schemas.into_definitions();
    schemas.insert("Error".to_owned(), error_schema());
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Skillgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Runs agents, and their skills in WebAssembly sandboxes.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals(),
            "securitySchemes": {
                "apiKey": { "type": "apiKey", "in": "header", "name": "X-Api-Key" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

fn operation_object(operation: &Operation, description: Description) -> Value {
    let Operation {
        method,
        path,
        access,
        summary,
    } = operation;
    let mut object = json!({
        "operationId": operation_id(method, path),
        "summary": summary,
        "tags": [path.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default()],
        "security": security(*access),
        "responses": responses(operation, &description),
    });
    let parameters: Vec<Value> = path_parameters(path).chain(description.query).collect();
    if !parameters.is_empty() {
        object["parameters"] = parameters.into();
    }
    if let Some(body) = description.body {
        object["requestBody"] = body;
    }
    object
}

/// `GET /v1/agents/{id}/logs` is `get_agents_by_id_logs`.
fn operation_id(method: &Method, path: &str) -> String {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let words = path.split('/').filter(|word| !word.is_empty());
    let words = words.map(|word| match word.strip_prefix('{') {
        Some(name) => format!("by_{}", name.trim_end_matches('}')),
        None => word.replace(['-', '.'], "_"),
    });
    let words: Vec<String> = words.collect();
    format!(
        "{}_{}",
        method.as_str().to_ascii_lowercase(),
        words.join("_")
    )
}

/// Beside the schemes stands the scope that the key must hold.
fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::AnyKey => json!([{ "apiKey": [] }, { "bearer": [] }]),
        Access::Scoped(scope) => {
            let scopes = [scope.name()];
            json!([{ "apiKey": scopes }, { "bearer": scopes }])
        }
    }
}

fn path_parameters(path: &str) -> impl Iterator<Item = Value> {
    let names = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{'));
    names.map(|name| {
        json!({
            "name": name.trim_end_matches('}'),
            "in": "path",
            "required": true,
            "schema": { "type": "string" },
        })
    })
}

/// How a request can be refused before the operation's own work begins, and how the operation refuses itself: status, name and
/// text.
const REFUSALS: [(&str, &str, &str); 8] = [
    ("400", "ValidationError", "The request does not fit."),
    ("401", "Unauthorized", "No valid API key."),
    (
        "403",
        "Forbidden",
        "The key lacks the scope, or a limit is reached.",
    ),
    ("404", "NotFound", "Not there, or another account's."),
    ("413", "PayloadTooLarge", "The body is too large."),
    (
        "415",
        "UnsupportedMediaType",
        "The body is of another type.",
    ),
    (
        "429",
        "RateLimitExceeded",
        "Too many requests; Retry-After says when to try again.",
    ),
    (
        "default",
        "Failure",
        "Refused or failed for another reason, which `code` names.",
    ),
];

fn responses(operation: &Operation, description: &Description) -> Value {
    let success = json!({ "description": operation.summary, "content": description.content });
    let has_body = description.body.is_some();
    let applies = |status: &str| match status {
        "400" => has_body || !description.query.is_empty(),
        "401" | "429" => operation.access != Access::Public,
        "403" => matches!(operation.access, Access::Scoped(_)),
        "404" => operation.path.contains('{'),
        "413" | "415" => has_body,
        _ => true,
    };
    let refusals = REFUSALS.into_iter().filter(|(status, ..)| applies(status));
    let mut all: Map<String, Value> = refusals
        .map(|(status, name, _)| {
            let reference = format!("#/components/responses/{name}");
            (status.to_owned(), json!({ "$ref": reference }))
        })
        .collect();
    all.insert(description.status.to_string(), success);
    all.into()
}

/// The answers of refusals, by name.
fn refusals() -> Map<String, Value> {
    let schema = json!({ "$ref": "#/components/schemas/Error" });
    let content = json!({ "application/json": { "schema": schema } });
    let refusals = REFUSALS.into_iter().map(|(_, name, text)| {
        let answer = json!({ "description": text, "content": content });
        (name.to_owned(), answer)
    });
    refusals.collect()
}

fn error_schema() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": text("What programs read, such as `validation_error`."),
                    "message": text("What people read: what was wrong, and what to do."),
                    "difference": {
                        "type": "object",
                        "description": "With `consent_required` alone: the permissions, tools and signer that are new.",
                    },
                    "taskId": text("With `consent_required` alone: the task whose approval consents."),
                },
            },
        },
    })
}
