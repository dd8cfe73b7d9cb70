use super::*;

#[track_caller]
fn assert_schema(schema: &Value, fits: &[Value], misfits: &[Value]) {
    let schema = compile(schema).unwrap_or_else(|why| panic!("refused: {why}"));
    for value in fits {
        assert_eq!(check(&schema, value).as_ref(), Ok(value));
    }
    for value in misfits {
        assert!(
            matches!(check(&schema, value), Err(Misfit::DoesNotFit { .. })),
            "{value}: {:?}",
            check(&schema, value)
        );
    }
}

#[test]
fn a_tree() {
    let schema = json!({
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Node"}},
        "required": ["root"],
        "$defs": {"Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}
            },
            "required": ["name"]
        }}
    });
    let leaf = json!({"name": "leaf"});
    let deep = (0..14).fold(leaf, |inner, _| json!({"name": "n", "children": [inner]}));
    let wrong = (0..14).fold(
        json!({"name": 1}),
        |inner, _| json!({"name": "n", "children": [inner]}),
    );
    assert_schema(&schema, &[json!({"root": deep})], &[json!({"root": wrong})]);
}

#[test]
fn a_linked_list_whose_root_is_the_type() {
    let schema = json!({
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["value", "next"]
    });
    let end = json!({"value": 0, "next": null});
    let list = (1..20).fold(end, |next, value| json!({"value": value, "next": next}));
    assert_schema(
        &schema,
        &[list],
        &[json!({"value": 1, "next": {"value": 2}})],
    );
}

#[test]
fn any_json_value() {
    let value = json!({"$ref": "#/$defs/Value"});
    let schema = json!({
        "type": "object",
        "additionalProperties": value,
        "$defs": {"Value": {"anyOf": [
            {"type": ["null", "boolean", "number", "string"]},
            {"type": "array", "items": value},
            {"type": "object", "additionalProperties": value}
        ]}}
    });
    let sample = json!({"a": [1, {"b": [null, "x", {"c": true}]}]});
    assert_schema(&schema, &[sample, nested(json!([1]), 30)], &[json!([1])]);
}

#[test]
fn two_types_that_refer_to_each_other_with_tags() {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Filter",
        "type": "object",
        "properties": {"filter": {"$ref": "#/$defs/Filter"}},
        "required": ["filter"],
        "$defs": {
            "Filter": {"oneOf": [
                {"type": "object", "properties": {"kind": {"const": "all"}, "of": {"type": "array", "items": {"$ref": "#/$defs/Filter"}}}, "required": ["kind", "of"]},
                {"type": "object", "properties": {"kind": {"const": "not"}, "inner": {"$ref": "#/$defs/Boxed"}}, "required": ["kind", "inner"]},
                {"type": "object", "properties": {"kind": {"const": "field"}, "name": {"type": "string"}}, "required": ["kind", "name"]}
            ]},
            "Boxed": {"allOf": [{"$ref": "#/$defs/Filter"}]}
        }
    });
    let field = json!({"kind": "field", "name": "x"});
    let fits = json!({"filter": {"kind": "all", "of": [field, {"kind": "not", "inner": field}]}});
    let misfit = json!({"filter": {"kind": "not", "inner": {"kind": "field"}}});
    assert_schema(&schema, &[fits], &[misfit]);
}

#[test]
fn what_generators_for_tools_write() {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "https://example.com/search",
        "type": "object",
        "title": "Search",
        "additionalProperties": false,
        "properties": {
            "query": {"type": "string", "minLength": 1, "maxLength": 200, "description": "Words."},
            "since": {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d{2}-\d{2}"},
            "id": {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
            "sort": {"enum": ["new", "old", null], "default": "new"},
            "limit": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 100}, {"type": "null"}]},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "maxItems": 20},
            "range": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "items": false},
            "place": {"$ref": "#/definitions/Place%20of%20it"}
        },
        "required": ["query"],
        "if": {"properties": {"sort": {"const": "old"}}, "required": ["sort"]},
        "then": {"required": ["since"]},
        "dependentRequired": {"since": ["limit"]},
        "propertyNames": {"pattern": "^[a-z]+$"},
        "definitions": {"Place of it": {"type": "object", "properties": {"lat": {"type": "number", "multipleOf": 0.5}}, "unevaluatedProperties": false}}
    });
    assert_schema(
        &schema,
        &[
            json!({"query": "a", "place": {"lat": 1.5}, "range": [1, 2], "tags": ["a", "b"], "limit": null}),
            json!({"query": "a", "sort": "old", "since": "2024-01-02", "limit": 3}),
            json!({"query": "a", "id": "01234567-89ab-4def-8123-456789abcdef"}),
        ],
        &[
            json!({}),
            json!({"query": ""}),
            json!({"query": "a", "other": 1}),
            json!({"query": "a", "sort": "old"}),
            json!({"query": "a", "since": "2024-01-02"}),
            json!({"query": "a", "tags": ["a", "a"]}),
            json!({"query": "a", "range": [1, 2, 3]}),
            json!({"query": "a", "place": {"lat": 1.5, "x": 1}}),
            json!({"query": "a", "place": {"lat": 1.3}}),
            json!({"query": "a", "limit": 101}),
            json!({"query": "a", "id": "x"}),
        ],
    );
}

#[test]
fn a_flattened_type_with_unevaluated_properties() {
    let schema = json!({
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "oneOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"$ref": "#/$defs/B"}
        ],
        "unevaluatedProperties": false,
        "$defs": {"B": {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]}}
    });
    assert_schema(
        &schema,
        &[json!({"name": "x", "a": 1}), json!({"b": 1})],
        &[json!({"a": 1, "c": 2}), json!({"name": "x"})],
    );
}

#[test]
fn references_into_other_places_than_definitions() {
    let schema = json!({
        "type": "object",
        "properties": {
            "from": {"type": "object", "properties": {"lat": {"type": "number"}}},
            "to": {"$ref": "#/properties/from"},
            "x~/y": {"type": "string"},
            "named": {"$ref": "#/properties/x~0~1y"},
            "odd": {"$ref": "#/examples/0"}
        },
        "examples": [{"type": "integer"}]
    });
    assert_schema(
        &schema,
        &[json!({"from": {"lat": 1}, "to": {"lat": 2}, "named": "n", "odd": 1})],
        &[
            json!({"to": {"lat": "x"}}),
            json!({"named": 1}),
            json!({"odd": "x"}),
            json!({"from": {"lat": "x"}}),
        ],
    );
}

#[test]
fn keywords_that_assert_nothing_do_not_count() {
    let examples: Vec<Value> = (0..3_000)
        .map(|n| json!({"pattern": "(?=", "n": n}))
        .collect();
    let schema = json!({"type": "object", "examples": examples, "x-own": {"$ref": "nowhere"}});
    assert_schema(&schema, &[json!({})], &[]);
}

#[test]
fn a_boolean_is_a_schema() {
    assert_schema(&json!(true), &[json!(1)], &[]);
    assert_schema(&json!(false), &[], &[json!(1)]);
}
