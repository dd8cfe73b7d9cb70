//! JSON Schemas of Rust types.

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The schema of a tool's arguments. Always of type `object`, with `properties`.
pub fn input_schema<T: JsonSchema>() -> Value {
    let mut schema = schema::<T>(Contract::Deserialize);
    schema.entry("type").or_insert_with(|| json!("object"));
    schema.entry("properties").or_insert_with(|| json!({}));
    Value::Object(schema)
}

/// The schema of a structured result, when it is an object: the only kind that the Model Context
/// Protocol knows (revision 2025-06-18, "Output Schema").
pub(crate) fn output_schema<T: JsonSchema>() -> Option<Value> {
    let schema = schema::<T>(Contract::Serialize);
    (schema.get("type")? == "object").then_some(Value::Object(schema))
}

/// Without `$schema` (2020-12 is agreed) and `title` (a Rust type's name tells a model nothing),
/// and with nested types in place: models follow that better than references.
fn schema<T: JsonSchema>(contract: Contract) -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
        settings.contract = contract;
    });
    let schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    let mut schema = match schema.to_value() {
        Value::Object(schema) => schema,
        // A boolean schema: anything goes.
        _ => Map::new(),
    };
    schema.remove("title");
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Outer {
        /// How many.
        count: u8,
        inner: Option<Inner>,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Inner {
        name: String,
    }

    #[test]
    fn nested_types_are_inlined_and_documented() {
        let schema = input_schema::<Outer>();
        assert_eq!(schema["properties"]["count"]["description"], "How many.");
        assert_eq!(schema["required"], json!(["count"]));
        assert!(!schema.to_string().contains("$ref"), "{schema}");
        assert!(schema.get("title").is_none(), "{schema}");
    }

    #[test]
    fn only_an_object_has_an_output_schema() {
        assert_eq!(
            output_schema::<Inner>().unwrap()["required"],
            json!(["name"])
        );
        assert_eq!(output_schema::<Vec<Inner>>(), None);
        assert_eq!(output_schema::<Value>(), None);
    }
}
