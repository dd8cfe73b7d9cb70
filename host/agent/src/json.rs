//! How deep JSON from outside may nest.

use serde_json::Value;

/// The deepest nesting of a tool's arguments: levels of objects and lists. No real tool comes near it, and whatever
/// walks arguments (schemas, writers, readers with a limit of their own) does so recursively.
pub const MAX_ARGUMENT_DEPTH: usize = 32;
/// The deepest nesting of a provider's own block, and of any other document.
pub const MAX_DOCUMENT_DEPTH: usize = 64;

/// Whether `value` has more than `most` levels of objects and lists. Looks no deeper than that.
pub fn nests_deeper_than(value: &Value, most: usize) -> bool {
    let inside = |value| match most.checked_sub(1) {
        Some(most) => nests_deeper_than(value, most),
        None => true,
    };
    match value {
        Value::Array(items) => most == 0 || items.iter().any(inside),
        Value::Object(fields) => most == 0 || fields.values().any(inside),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::nests_deeper_than;

    #[test]
    fn levels_are_objects_and_lists() {
        for (value, depth) in [
            (json!(1), 0),
            (json!([]), 1),
            (json!({"a": [1, {}]}), 3),
            (json!([[[]], 1]), 3),
        ] {
            assert!(!nests_deeper_than(&value, depth), "{value}");
            assert!(
                depth == 0 || nests_deeper_than(&value, depth - 1),
                "{value}"
            );
        }
    }
}
