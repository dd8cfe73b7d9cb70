//! `/openapi.json`: the rows of all surfaces, as OpenAPI 3.1 (<https://spec.openapis.org/oas/v3.1.1.html>).

mod headers;
mod refusals;

use http::Method;
use serde_json::{Map, Value, json};

use super::describe::{Description, Schemas};
use super::{Access, Operation, Row, Surface};
use crate::credential::SESSION_COOKIE;
use crate::envelope::Envelope;

/// The document of these surfaces.
pub(crate) fn openapi_document(surfaces: impl IntoIterator<Item = Surface>) -> Value {
    let rows: Vec<Row> = surfaces
        .into_iter()
        .flat_map(|surface| surface.rows)
        .collect();
    document_of(&rows)
}

/// The document of these rows.
pub(super) fn document_of(rows: &[Row]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for row in rows {
        let description = (row.describe)(&mut schemas);
        let path = paths
            .entry(row.operation.path.clone())
            .or_insert_with(|| json!({}));
        path[row.operation.method.as_str().to_ascii_lowercase()] =
            operation_object(row, description);
    }
    let responses = refusals::components(&mut schemas);
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Skillgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Runs agents, and their skills in WebAssembly sandboxes.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "tags": tags(rows),
        "paths": paths,
        "components": {
            "schemas": schemas.into_definitions(),
            "responses": responses,
            "headers": headers::components(),
            "securitySchemes": security_schemes(),
        },
    })
}

/// The nouns, in the order of the rows.
fn tags(rows: &[Row]) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.operation.tag) {
            names.push(row.operation.tag);
        }
    }
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn security_schemes() -> Value {
    json!({
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Api-Key",
            "description": "An API key: `ak_live_` and 32 hexadecimal digits.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The same API key, an access token, or a token of the operator's identity provider.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": SESSION_COOKIE,
            "description": "A session of the console; `__Host-skillgate_session` where the public URL is https. Calls that write need the header X-CSRF-Token beside it.",
        },
    })
}

fn operation_object(row: &Row, description: Description) -> Value {
    let Operation {
        method,
        path,
        summary,
        envelope,
        tag,
        ..
    } = &row.operation;
    let mut object = json!({
        "operationId": operation_id(method, path, *envelope),
        "summary": summary,
        "tags": [tag],
        "security": security(&row.operation),
        "responses": responses(&row.operation, &description),
    });
    let parameters: Vec<Value> = path_parameters(path)
        .chain(description.query)
        .chain(header_parameters(&row.operation))
        .collect();
    if !parameters.is_empty() {
        object["parameters"] = parameters.into();
    }
    if let Some(mut body) = description.body {
        let example = row
            .example
            .body
            .and_then(|text| serde_json::from_str(text).ok());
        if let Some(example) = example {
            let example: Value = example;
            body["content"]["application/json"]["example"] = example;
        }
        object["requestBody"] = body;
    }
    object
}

fn responses(operation: &Operation, description: &Description) -> Map<String, Value> {
    let success = json!({
        "description": operation.summary,
        "headers": headers::references(description.status),
        "content": description.content,
    });
    let mut all = refusals::references(operation, description);
    all.insert(description.status.to_string(), success);
    if operation.has_etag {
        let unchanged = json!({
            "description": "The thing is as If-None-Match names it.",
            "headers": headers::references(304),
        });
        all.insert("304".to_owned(), unchanged);
    }
    all
}

/// `GET /v1/agents/{id}/logs` is `get_agents_by_id_logs`. `/skills` is on two surfaces: the ids of the second say so.
fn operation_id(method: &Method, path: &str, envelope: Envelope) -> String {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let surface = match envelope {
        Envelope::ControlPlane | Envelope::Tenant => "",
        Envelope::Authoring => "authoring_",
    };
    let words = path.split('/').filter(|word| !word.is_empty());
    let words = words.map(|word| match word.strip_prefix('{') {
        Some(name) => format!("by_{}", name.trim_end_matches('}')),
        None => word.replace(['-', '.'], "_"),
    });
    let words: Vec<String> = words.collect();
    format!(
        "{}_{surface}{}",
        method.as_str().to_ascii_lowercase(),
        words.join("_")
    )
}

/// Beside the schemes stands the scope that the key must hold.
fn security(operation: &Operation) -> Value {
    match operation.access {
        Access::AnyKey if operation.needs_session => json!([{ "session": [] }]),
        Access::Public => json!([]),
        Access::AnyKey => json!([{ "apiKey": [] }, { "bearer": [] }, { "session": [] }]),
        Access::Scoped(scope) => {
            let scopes = [scope.name()];
            json!([{ "apiKey": scopes }, { "bearer": scopes }, { "session": scopes }])
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

/// The headers that make a request conditional, or safe to send again.
fn header_parameters(operation: &Operation) -> impl Iterator<Item = Value> {
    let headers = [
        (
            operation.takes_idempotency_key,
            "Idempotency-Key",
            "A name for this request, of up to 255 characters: sent again within a day, it is done once and answered as the first time.",
        ),
        (
            operation.has_etag,
            "If-None-Match",
            "The ETag that is known already: 304 when nothing changed.",
        ),
        (
            operation.takes_if_match,
            "If-Match",
            "The ETag of the GET of this path: 412 when the thing was changed since.",
        ),
    ];
    let taken = headers.into_iter().filter(|(is_taken, ..)| *is_taken);
    taken.map(|(_, name, about)| {
        json!({
            "name": name,
            "in": "header",
            "description": about,
            "required": false,
            "schema": { "type": "string" },
        })
    })
}
