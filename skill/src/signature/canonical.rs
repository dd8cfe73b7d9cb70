//! JSON in one form, for digests.

use serde_json::Value;

/// What is still to be written.
enum Pending<'a> {
    Value(&'a Value),
    Key(&'a str),
    Text(char),
}

/// Writes JSON without white space, keys sorted by their bytes. Written here, since the order of
/// `serde_json`'s own maps depends on a feature that any crate in the build may switch on.
///
/// The nesting of a schema is somebody else's choice: what is still to be written waits on a list,
/// not on the stack of the thread, so that no depth can end the process.
pub(super) fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    let mut pending = vec![Pending::Value(value)];
    while let Some(next) = pending.pop() {
        match next {
            Pending::Text(text) => out.push(text),
            Pending::Key(key) => out.push_str(&Value::from(key).to_string()),
            Pending::Value(Value::Array(items)) => open_array(items, &mut pending),
            Pending::Value(Value::Object(map)) => open_object(map, &mut pending),
            Pending::Value(scalar) => out.push_str(&scalar.to_string()),
        }
    }
    out
}

/// Puts an array on the list, its end first: the list is taken from behind.
fn open_array<'a>(items: &'a [Value], pending: &mut Vec<Pending<'a>>) {
    pending.push(Pending::Text(']'));
    for (index, item) in items.iter().enumerate().rev() {
        pending.push(Pending::Value(item));
        separate(index, pending);
    }
    pending.push(Pending::Text('['));
}

/// Puts an object on the list, as [`open_array`] does.
fn open_object<'a>(map: &'a serde_json::Map<String, Value>, pending: &mut Vec<Pending<'a>>) {
    let mut members: Vec<_> = map.iter().collect();
    members.sort_by_key(|(key, _)| *key);
    pending.push(Pending::Text('}'));
    for (index, (key, value)) in members.into_iter().enumerate().rev() {
        pending.push(Pending::Value(value));
        pending.push(Pending::Text(':'));
        pending.push(Pending::Key(key));
        separate(index, pending);
    }
    pending.push(Pending::Text('{'));
}

fn separate(index: usize, pending: &mut Vec<Pending<'_>>) {
    if index > 0 {
        pending.push(Pending::Text(','));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_lost() {
        let text = r#" {"b": [1, [], {}, "x\"y"], "a": {"é": null, "z": -1.5, "": true}} "#;
        let value: Value = serde_json::from_str(text).unwrap();
        let written = canonical_json(&value);
        assert_eq!(
            written,
            r#"{"a":{"":true,"z":-1.5,"é":null},"b":[1,[],{},"x\"y"]}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        const DEPTH: usize = 1_000_000;
        let mut value = Value::Null;
        for _ in 0..DEPTH {
            value = Value::Array(vec![value]);
        }
        assert_eq!(canonical_json(&value).len(), 2 * DEPTH + "null".len());
        // Dropping it the ordinary way is recursive; this test is not about that.
        while let Value::Array(mut items) = value {
            value = items.pop().unwrap_or_default();
        }
    }
}
