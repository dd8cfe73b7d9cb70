//! `/llms-full.txt`: every operation with its parameters, types and an example.

use serde_json::Value;

use super::curl::{VARIABLES, curl};
use super::type_text::type_text;
use super::{INTRODUCTION, access_text};
use crate::surface::openapi::document_of;
use crate::surface::{Operation, Surface};

/// The text of `/llms-full.txt` on these surfaces.
pub(crate) fn llms_full_text(surfaces: impl IntoIterator<Item = Surface>) -> String {
    let rows: Vec<_> = surfaces
        .into_iter()
        .flat_map(|surface| surface.rows)
        .collect();
    let document = document_of(&rows);
    let mut text = format!("{INTRODUCTION}{VARIABLES}\n");
    let mut tag = "";
    for row in &rows {
        if row.operation.tag != tag {
            tag = row.operation.tag;
            text += &format!("\n## {tag}\n");
        }
        text += &section(&row.operation, row.example, &document);
    }
    text
}

fn section(operation: &Operation, example: Option<&str>, document: &Value) -> String {
    let Operation {
        method,
        path,
        access,
        summary,
        ..
    } = operation;
    let described = &document["paths"][path][method.as_str().to_ascii_lowercase()];
    let mut text = format!(
        "\n### `{method} {path}`\n\n{summary}. Needs {}.\n",
        access_text(*access)
    );
    text += &parameters(described, document);
    text += &body(described, document);
    let (answer, is_stream) = answer(described, document);
    text += &answer;
    let command = curl(operation, example, is_stream);
    text + &format!("\n```sh\n{command}\n```\n")
}

/// The parameters of the query; those of the path are in it.
fn parameters(described: &Value, document: &Value) -> String {
    let all = described["parameters"].as_array().into_iter().flatten();
    let of_query = all.filter(|one| one["in"] == "query").map(|one| {
        let about = one["description"].as_str();
        let about = about.map_or_else(String::new, |about| {
            format!(": {}", about.replace('\n', " "))
        });
        let name = one["name"].as_str().unwrap_or_default();
        format!(
            "- `{name}` ({}){about}\n",
            type_text(&one["schema"], document)
        )
    });
    let lines: String = of_query.collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\nQuery:\n{lines}"),
    }
}

fn body(described: &Value, document: &Value) -> String {
    let content = described["requestBody"]["content"].as_object();
    let lines = content.into_iter().flatten().map(|(kind, content)| {
        let schema = type_text(&content["schema"], document);
        format!("\nBody (`{kind}`): `{schema}`\n")
    });
    lines.collect()
}

/// What the operation answers, and whether it is a stream of events.
fn answer(described: &Value, document: &Value) -> (String, bool) {
    let responses = described["responses"].as_object().into_iter().flatten();
    let mut text = String::new();
    let mut is_stream = false;
    for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
        for (kind, content) in response["content"].as_object().into_iter().flatten() {
            let schema = type_text(&content["schema"], document);
            text += &format!("\nAnswers {status} (`{kind}`): `{schema}`\n");
            is_stream |= kind == "text/event-stream";
        }
    }
    (text, is_stream)
}
