//! Samples from the specification, compared with answers field by field.

use serde_json::Value;

/// Asserts that an answer has the fields of a sample, no more and no fewer, each of the same kind. Where one of the two is
/// `null`, any kind will do; items of lists are compared with the sample's first.
#[track_caller]
pub fn assert_like(sample: &Value, answer: &Value) {
    let problems = differences("", sample, answer);
    assert!(problems.is_empty(), "{problems:?}\n{answer}");
}

fn differences(place: &str, sample: &Value, answer: &Value) -> Vec<String> {
    match (sample, answer) {
        (Value::Null, _) | (_, Value::Null) => Vec::new(),
        (Value::Object(wanted), Value::Object(given)) => {
            let missing = wanted.keys().filter(|key| !given.contains_key(*key));
            let missing = missing.map(|key| format!("{place}/{key} is missing"));
            let extra = given.keys().filter(|key| !wanted.contains_key(*key));
            let extra = extra.map(|key| format!("{place}/{key} is not in the sample"));
            let both = wanted.iter().filter_map(|(key, wanted)| {
                let given = given.get(key)?;
                Some(differences(&format!("{place}/{key}"), wanted, given))
            });
            missing.chain(extra).chain(both.flatten()).collect()
        }
        (Value::Array(wanted), Value::Array(given)) => {
            let Some(wanted) = wanted.first() else {
                return Vec::new();
            };
            let items = given.iter();
            items
                .flat_map(|item| differences(&format!("{place}/[]"), wanted, item))
                .collect()
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => Vec::new(),
        _ => vec![format!("{place} is {answer}, not of the kind of {sample}")],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_difference_is_found() {
        let sample = json!({ "a": 1, "b": { "c": "x" }, "d": [{ "e": true }], "f": null });
        let alike = json!({ "a": 2, "b": { "c": "y" }, "d": [], "f": {} });
        assert_like(&sample, &alike);
        let other = json!({ "a": "1", "b": {}, "d": [{ "e": true, "g": 1 }], "f": 1, "h": 1 });
        let problems = differences("", &sample, &other);
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}
