//! Reads JSON that was stored, however deep it nests.
//!
//! What comes in is limited in depth at the border, with less than the reader's own limit of 128; what was written wraps
//! it into a few levels more. So whatever was stored can be read, and this reader keeps that true for rows that were
//! written before the border had its limit, or by somebody else.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// The deepest nesting that is read. What walks a value does so recursively, in less than a kilobyte a level: threads
/// have two megabytes.
const MAX_DEPTH: usize = 256;
/// The deepest nesting that `serde_json` reads at once.
const READER_DEPTH: usize = 127;

/// A text that is no JSON, or nests too deep.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    #[error("it is no JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}

/// Reads a value that is nested at most [`MAX_DEPTH`] deep.
pub(crate) fn read(text: &str) -> Result<Value, Unreadable> {
    match depth(text) {
        0..=READER_DEPTH => Ok(serde_json::from_str(text)?),
        depth if depth <= MAX_DEPTH => peel(text),
        _ => Err(Unreadable::TooDeep),
    }
}

/// Reads the outermost level; what is inside is read by itself. That reads the text once for each level that is too
/// much for the reader, which only rows of other makers have.
fn peel(text: &str) -> Result<Value, Unreadable> {
    if text.trim_start().starts_with('{') {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)?;
        let read = |(name, raw): (String, Box<RawValue>)| Ok((name, read(raw.get())?));
        return fields.into_iter().map(read).collect();
    }
    let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
    items.iter().map(|raw| read(raw.get())).collect()
}

/// How deep objects and lists are nested, or would be if the text were JSON.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Unreadable, depth, read};

    fn nested(depth: usize) -> String {
        let half = depth / 2;
        let open = r#"{"a":["#.repeat(half) + &"[".repeat(depth % 2);
        let close = "]".repeat(depth % 2) + &"]}".repeat(half);
        format!("{open}{close}")
    }

    #[test]
    fn depth_is_counted_outside_of_strings() {
        for (text, expected) in [
            ("1", 0),
            (r#""[[[{""#, 0),
            (r#"["\"[[", {"a\\": []}]"#, 3),
            ("[[], [[]]]", 3),
        ] {
            assert_eq!(depth(text), expected, "{text}");
        }
    }

    #[test]
    fn what_was_stored_is_read_at_every_depth_up_to_the_limit() {
        for depth in [0, 1, 64, 126, 127, 128, 129, 200, 255, 256] {
            let text = nested(depth);
            let text = if depth == 0 { "null" } else { &text };
            let value = read(text).unwrap_or_else(|error| panic!("{depth}: {error}"));
            assert_eq!(value.to_string(), text);
        }
        for depth in [257, 1_000, 1_000_000] {
            let error = read(&nested(depth)).err();
            assert!(matches!(error, Some(Unreadable::TooDeep)), "{depth}");
        }
    }

    #[test]
    fn what_is_no_json_is_told() {
        for text in [
            "",
            "{",
            "[1,]",
            &nested(200)[1..],
            &format!("{}x", nested(200)),
        ] {
            assert!(matches!(read(text), Err(Unreadable::NotJson(_))), "{text}");
        }
        assert_eq!(read(" {\"a\": 1} ").ok(), Some(json!({ "a": 1 })));
        assert_eq!(read("null").ok(), Some(Value::Null));
    }
}
