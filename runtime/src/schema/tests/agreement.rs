//! Random small schemas: what is accepted judges values as the library itself does from the schema
//! as it was listed.

use super::*;
use proptest::prelude::*;

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!(false)),
        Just(json!({})),
        prop_oneof!["string", "integer", "object", "array", "null"]
            .prop_map(|kind| json!({"type": kind})),
        (0..4_u8).prop_map(|n| json!({"const": n})),
        Just(json!({"enum": ["a", 1, [1], {"a": 1}]})),
        (0..3_u8).prop_map(|n| json!({"minimum": n})),
        (0..3_u8).prop_map(|n| json!({"minLength": n, "maxItems": n, "minProperties": n})),
        Just(json!({"pattern": "^[ab]$"})),
        Just(json!({"required": ["a"], "uniqueItems": true})),
        Just(json!({"dependentRequired": {"a": ["b"]}, "title": "a"})),
        (0..3_u8).prop_map(|n| json!({"$ref": format!("#/$defs/d{n}")})),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3);
        let map = prop::collection::btree_map("[abc]", inner.clone(), 1..3);
        prop_oneof![
            (prop_oneof!["allOf", "anyOf", "oneOf", "prefixItems"], list)
                .prop_map(|(keyword, list)| json!({keyword: list})),
            (prop_oneof!["properties", "dependentSchemas", "patternProperties"], map, inner.clone())
                .prop_map(|(keyword, map, other)| json!({keyword: map, "additionalProperties": other})),
            (prop_oneof!["not", "items", "contains", "additionalProperties", "propertyNames"], inner.clone())
                .prop_map(|(keyword, inner)| json!({keyword: inner})),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| json!({"if": a, "then": b, "else": c})),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| {
                json!({"anyOf": [a, {"properties": {"a": b}}], "unevaluatedProperties": c.clone(), "unevaluatedItems": c})
            }),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        (0..4_u8).prop_map(|n| json!(n)),
        "[abc]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_accepted_schema_judges_as_listed(
        root in schema(),
        defs in prop::collection::vec(schema(), 3),
        values in prop::collection::vec(value(), 6),
    ) {
        let mut listed = json!({"allOf": [root]});
        listed["$defs"] = definitions(3, |n| defs[n].clone());
        let text = listed.to_string();
        let limits = SchemaLimits::default();
        if let Ok((_, schema)) = Schema::compile(&text, &mut Budget::new(&limits)) {
            let library = jsonschema::draft202012::options()
                .with_pattern_options(jsonschema::PatternOptions::regex())
                .build(&listed)
                .unwrap();
            for value in values {
                let checked = check(&schema, &value);
                if !matches!(checked, Err(Misfit::TooCostly(_))) {
                    prop_assert_eq!(checked.is_ok(), library.is_valid(&value), "{} with {}", value, listed);
                }
            }
        }
    }
}
