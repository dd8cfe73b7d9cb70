//! A call of an operation as a command of the shell.

use http::Method;

use crate::surface::{Access, Operation};

/// What the examples take from the environment, beside what is in paths and bodies.
pub(super) const VARIABLES: &str = "`$SKILLGATE_URL` is the server, `$SKILLGATE_API_KEY` a key, `$SESSION_COOKIE` with its `$CSRF_TOKEN` a session of the console; other variables name things of the account.";

/// A `curl` command that calls an operation, with `example` as its body. `$NAME` in the body is a variable of the shell.
pub(super) fn curl(operation: &Operation, example: Option<&str>, is_stream: bool) -> String {
    let mut command = String::from("curl");
    if is_stream {
        command += " -N";
    }
    if operation.method != Method::GET {
        command += &format!(" -X {}", operation.method);
    }
    command += &format!(" \"$SKILLGATE_URL{}\"", path(&operation.path));
    command += credential(operation);
    if let Some(example) = example {
        command += " \\\n  -H \"Content-Type: application/json\"";
        command += &format!(" \\\n  -d {}", quoted(example));
    }
    command
}

/// The headers that say who calls.
fn credential(operation: &Operation) -> &'static str {
    match operation.access {
        Access::Public => "",
        _ if operation.needs_session => {
            " \\\n  -H \"Cookie: $SESSION_COOKIE\" \\\n  -H \"X-CSRF-Token: $CSRF_TOKEN\""
        }
        Access::AnyKey | Access::Scoped(_) => " \\\n  -H \"X-Api-Key: $SKILLGATE_API_KEY\"",
    }
}

/// `/v1/agents/{id}` as `/v1/agents/$AGENT_ID`.
fn path(path: &str) -> String {
    let mut noun = "";
    let segments = path.split('/').map(|segment| {
        let before = std::mem::replace(&mut noun, segment);
        match segment.strip_prefix('{') {
            Some(name) => format!("${}", variable(before, name.trim_end_matches('}'))),
            None => segment.to_owned(),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The variable of a parameter: `AGENT_ID` of `{agentId}`, and of `{id}` below `/agents`; `RULE_NAME` of `{name}` below `/rules`.
fn variable(noun: &str, name: &str) -> String {
    let words = match name {
        "id" | "name" | "n" => format!("{}_{name}", noun.trim_end_matches('s').replace('-', "_")),
        _ => snake_case(name),
    };
    words.to_ascii_uppercase()
}

fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// A text in single quotes, but for its variables, which the shell is to put in.
fn quoted(text: &str) -> String {
    let is_name = |letter: char| letter.is_ascii_uppercase() || letter == '_';
    let mut pieces = text.split('$');
    let mut whole = literal(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|letter| !is_name(letter)).unwrap_or(piece.len());
        let (name, rest) = piece.split_at(end);
        whole += &format!("\"${name}\"{}", literal(rest));
    }
    whole
}

fn literal(text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_named_by_their_things() {
        assert_eq!(
            path("/v1/agents/{id}/skills/{skillId}"),
            "/v1/agents/$AGENT_ID/skills/$SKILL_ID"
        );
        assert_eq!(path("/v1/api-keys/{id}"), "/v1/api-keys/$API_KEY_ID");
        assert_eq!(path("/rules/{name}"), "/rules/$RULE_NAME");
    }

    #[test]
    fn a_body_is_quoted_and_its_variables_are_not() {
        assert_eq!(quoted(r#"{"a": 1}"#), r#"'{"a": 1}'"#);
        assert_eq!(quoted(r#"{"a": "$B_ID"}"#), r#"'{"a": "'"$B_ID"'"}'"#);
        assert_eq!(quoted("$PROOF"), r#""$PROOF""#);
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
