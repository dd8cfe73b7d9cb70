//! What each keyword of JSON Schema 2020-12 does to the value, as far as its cost is concerned.

use serde_json::Value;

use super::weight::Weight;

/// What a keyword does.
pub(super) enum Keyword {
    /// Applies subschemas to the same value.
    InPlace(Form),
    /// `properties`: applies one of several subschemas to a member.
    Members,
    /// `prefixItems`: applies one of several subschemas to an item.
    Prefix,
    /// Applies each of its subschemas to members or items.
    Every(Form),
    /// `propertyNames`: applies a subschema to the names of members.
    Names,
    /// `$ref`: applies another place's schema to the same value.
    Reference,
    /// `pattern`.
    Pattern,
    /// Looks at the value itself.
    Assertion,
    /// Is refused, for the reason given.
    Refused(&'static str),
    /// `$schema` and `$id`: may stand at the root, where they change nothing here.
    RootOnly,
    /// Asserts nothing: the evaluator never sees it.
    Annotation,
}

/// How the subschemas of a keyword are written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    One,
    List,
    Map,
}

pub(super) fn classify(name: &str) -> Keyword {
    match name {
        "allOf" | "anyOf" | "oneOf" => Keyword::InPlace(Form::List),
        "not" | "if" | "then" | "else" => Keyword::InPlace(Form::One),
        "dependentSchemas" | "dependencies" => Keyword::InPlace(Form::Map),
        "properties" => Keyword::Members,
        "prefixItems" => Keyword::Prefix,
        "patternProperties" => Keyword::Every(Form::Map),
        "items"
        | "additionalProperties"
        | "contains"
        | "unevaluatedProperties"
        | "unevaluatedItems" => Keyword::Every(Form::One),
        "propertyNames" => Keyword::Names,
        "$ref" => Keyword::Reference,
        "pattern" => Keyword::Pattern,
        "type" | "enum" | "const" | "minimum" | "maximum" | "exclusiveMinimum"
        | "exclusiveMaximum" | "multipleOf" | "minLength" | "maxLength" | "minItems"
        | "maxItems" | "minProperties" | "maxProperties" | "minContains" | "maxContains"
        | "required" | "dependentRequired" | "uniqueItems" => Keyword::Assertion,
        "$dynamicRef" | "$recursiveRef" => Keyword::Refused(
            "which schema it means depends on the value; use `$ref` to a place in the same schema",
        ),
        "$schema" | "$id" => Keyword::RootOnly,
        _ => Keyword::Annotation,
    }
}

/// What an assertion costs on each value. Measured against the evaluator: a set of names is looked
/// up name by name, a constant is compared as far as it reaches, the length of a string is counted.
pub(super) fn assertion(name: &str, value: &Value) -> Weight {
    match name {
        "required" | "dependentRequired" | "enum" | "const" => Weight::steps(1 + values(value)),
        "minLength" | "maxLength" => Weight::steps(1).plus(Weight::bytes(1)),
        // Compares up to fifteen items pairwise, and hashes more.
        "uniqueItems" if value == &Value::Bool(true) => Weight {
            steps: 1,
            bytes: 0,
            whole: 16,
        },
        _ => Weight::steps(1),
    }
}

/// The number of JSON values in `value`, itself included. Its depth is bounded.
pub(super) fn values(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items
            .iter()
            .fold(1, |sum, item| sum.saturating_add(values(item))),
        Value::Object(members) => members
            .values()
            .fold(1, |sum, member| sum.saturating_add(1 + values(member))),
        _ => 1,
    }
}
