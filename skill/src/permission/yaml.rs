//! Writes permissions as block-style YAML, in the order of the documentation.
//!
//! Every value here was checked by its grammar or is quoted, so what is written reads back the same.

use std::fmt::Display;

use super::{KnowledgeAccess, Permissions};
use crate::display_size;

/// The lines of `permissions`, each indented by `indent` spaces and ended by a line feed.
pub(super) fn block(permissions: &Permissions, indent: usize) -> String {
    let mut lines = Vec::new();
    list(
        &mut lines,
        "http",
        permissions.http.iter().map(|rule| vec![text(rule)]),
    );
    list(
        &mut lines,
        "secrets",
        permissions.secrets.iter().map(|secret| {
            vec![
                format!("name: {}", text(&secret.name)),
                format!("inject: {}", text(&secret.inject)),
                format!("host: {}", text(&secret.host)),
            ]
        }),
    );
    list(
        &mut lines,
        "files",
        permissions.files.iter().map(|folder| {
            vec![
                format!("path: {}", text(&folder.path)),
                format!("access: {}", folder.access),
                format!("quota: {}", display_size(folder.quota)),
            ]
        }),
    );
    if let Some(kv) = permissions.kv {
        lines.extend([
            "kv:".to_owned(),
            format!("  quota: {}", display_size(kv.quota)),
        ]);
    }
    list(
        &mut lines,
        "config",
        permissions.config.iter().map(|name| vec![text(name)]),
    );
    list(
        &mut lines,
        "tools",
        permissions.tools.iter().map(|tool| vec![text(tool)]),
    );
    match permissions.knowledge {
        Some(KnowledgeAccess::Read) => lines.push("knowledge: read".to_owned()),
        Some(KnowledgeAccess::Write) => lines.push("knowledge: write".to_owned()),
        None => {}
    }
    if let Some(llm) = permissions.llm {
        lines.extend(["llm:".to_owned(), format!("  tokens: {}", llm.tokens)]);
    }
    lines
        .iter()
        .map(|line| format!("{:indent$}{line}\n", ""))
        .collect()
}

/// `key:` and an item for each entry; an entry is the lines of a mapping, or one scalar.
fn list(lines: &mut Vec<String>, key: &str, entries: impl Iterator<Item = Vec<String>>) {
    for (index, entry) in entries.enumerate() {
        if index == 0 {
            lines.push(format!("{key}:"));
        }
        for (index, line) in entry.iter().enumerate() {
            let dash = if index == 0 { "-" } else { " " };
            lines.push(format!("  {dash} {line}"));
        }
    }
}

/// A scalar: plain where YAML takes it for a text and for nothing else, in double quotes otherwise.
fn text(value: &impl Display) -> String {
    let value = value.to_string();
    let starts_plain = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-./:*,%~+=&@[]".contains(c);
    let indicator = value.contains(": ") || value.ends_with([':', ' ']);
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let other_type = reserved.contains(&value.to_ascii_lowercase().as_str());
    if starts_plain && value.chars().all(plain) && !indicator && !other_type {
        return value;
    }
    // A JSON string is a YAML string in double quotes.
    serde_json::Value::String(value).to_string()
}
