use super::*;

#[track_caller]
fn assert_refused(schema: &Value, words: &[&str]) {
    let why = refusal(schema);
    for word in words {
        assert!(why.contains(word), "{why:?} lacks {word:?}");
    }
    assert!(why.len() < 2_000, "{} bytes", why.len());
}

#[test]
fn a_chain_of_all_of_that_ends_in_a_level_deeper() {
    // Overflowed the stack of a server's thread with arguments 100 levels deep.
    let mut defs = definitions(30, |n| {
        in_all_of(json!({"$ref": format!("#/$defs/d{}", n + 1)}), 50)
    });
    defs["d30"] = json!({"additionalProperties": {"$ref": "#/$defs/d0"}});
    let schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs});
    assert_refused(&schema, &["nested deeper than 32 levels", "$defs"]);
}

#[test]
fn the_same_chain_in_flat_pieces() {
    let mut defs = definitions(40, |n| {
        in_all_of(json!({"$ref": format!("#/$defs/d{}", n + 1)}), 2)
    });
    defs["d40"] = json!({"additionalProperties": {"$ref": "#/$defs/d0"}});
    let schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs});
    assert_refused(
        &schema,
        &["subschemas inside each other", "at most 32 are allowed"],
    );
}

#[test]
fn a_chain_of_not_that_overflowed_the_compiler() {
    let defs = definitions(71, |n| {
        let next = json!({"$ref": format!("#/$defs/d{}", (n + 1).min(70))});
        (0..110).fold(next, |inner, _| json!({"not": inner}))
    });
    let schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs});
    assert_refused(&schema, &["nested deeper than 32 levels"]);
    let defs = definitions(71, |n| {
        let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
        (0..20).fold(next, |inner, _| json!({"not": inner}))
    });
    let mut schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs});
    schema["$defs"]["d71"] = json!(true);
    assert_refused(&schema, &["subschemas inside each other"]);
}

#[test]
fn text_that_is_nested_deeper_than_a_parser_goes() {
    let text = "[".repeat(200_000);
    let limits = SchemaLimits::default();
    let why = Schema::compile(&text, &mut Budget::new(&limits)).err();
    assert!(why.unwrap().contains("nested deeper"));
}

#[test]
fn pattern_bombs() {
    let branches: Vec<Value> = (9_000..9_050)
        .map(|n| json!({"pattern": format!(".{{{n}}}")}))
        .collect();
    let schema = json!({"type": "object", "anyOf": branches});
    assert_refused(&schema, &["takes more than 65536 bytes compiled", ".{90"]);
    for bomb in [r"\p{L}{200}", "((a{100}){100}){100}", r"[^a]{5000}"] {
        let schema = json!({"type": "object", "patternProperties": {bomb: {}}});
        assert_refused(&schema, &["takes more than 65536 bytes compiled"]);
    }
}

#[test]
fn too_many_patterns_and_too_long_ones() {
    let many = |count: usize| -> Value {
        let patterns: Value = (0..count).map(|n| (format!("^x{n}"), json!({}))).collect();
        json!({"type": "object", "patternProperties": patterns})
    };
    assert!(compile(&many(32)).is_ok());
    assert_refused(&many(33), &["more than 32 patterns"]);
    let long = json!({"type": "object", "properties": {"a": {"pattern": "a".repeat(257)}}});
    assert_refused(&long, &["a pattern of 257 bytes", "at most 256"]);
}

#[test]
fn a_pattern_that_no_linear_engine_runs() {
    let schema = json!({"type": "object", "properties": {"a": {"pattern": "(?=a)b"}}});
    assert_refused(&schema, &["(?=a)b", "look-around"]);
}

#[test]
fn all_patterns_of_a_skill_count_together() {
    let limits = SchemaLimits::default();
    let mut budget = Budget::new(&limits);
    let schema = |n: usize| {
        let patterns: Value = (0..30).map(|m| (format!("^{n}x{m}"), json!({}))).collect();
        json!({"type": "object", "patternProperties": patterns}).to_string()
    };
    assert!(Schema::compile(&schema(0), &mut budget).is_ok());
    assert!(Schema::compile(&schema(1), &mut budget).is_ok());
    let why = Schema::compile(&schema(2), &mut budget).err().unwrap();
    assert!(
        why.contains("more than 64 patterns together with the skill's other schemas"),
        "{why}"
    );
}

#[test]
fn too_many_subschemas() {
    let properties: Value = (0..2_000).map(|n| (format!("p{n}"), json!({}))).collect();
    let schema = json!({"type": "object", "properties": properties});
    assert_refused(&schema, &["more than 2000 subschemas"]);
}

#[test]
fn references_out_of_the_schema() {
    for (reference, words) in [
        ("https://example.com/x", "only places in the same schema"),
        ("other.json", "only places in the same schema"),
        ("#name", "only places in the same schema"),
        ("", "only places in the same schema"),
        ("#/$defs/missing", "there is nothing at that place"),
    ] {
        let schema = json!({"type": "object", "properties": {"a": {"$ref": reference}}});
        assert_refused(&schema, &[words, "at properties/a"]);
    }
}

#[test]
fn references_whose_meaning_depends_on_the_value() {
    for keyword in ["$dynamicRef", "$recursiveRef"] {
        let schema = json!({"type": "object", "properties": {"a": {keyword: "#"}}});
        assert_refused(&schema, &[keyword, "at properties/a", "use `$ref`"]);
    }
}

#[test]
fn a_base_that_moves_below_the_root() {
    for (keyword, value) in [
        ("$id", "https://example.com/inner"),
        ("$schema", "http://json-schema.org/draft-07/schema#"),
    ] {
        let schema = json!({"type": "object", "properties": {"a": {keyword: value}}});
        assert_refused(&schema, &[keyword, "below its root"]);
    }
}

#[test]
fn circles_that_look_at_the_same_value_for_ever() {
    for schema in [
        json!({"type": "object", "$ref": "#"}),
        json!({"type": "object", "allOf": [{"$ref": "#"}]}),
        json!({"type": "object", "$ref": "#/$defs/a", "$defs": {
            "a": {"anyOf": [{"not": {"$ref": "#/$defs/b"}}, {"type": "null"}]},
            "b": {"if": {"$ref": "#/$defs/a"}}
        }}),
        json!({"type": "object", "dependentSchemas": {"x": {"oneOf": [{"$ref": "#"}]}}}),
    ] {
        assert_refused(
            &schema,
            &[
                "refers to itself without going a level deeper",
                "properties",
            ],
        );
    }
}

#[test]
fn unevaluated_properties_inside_each_other_through_references() {
    // Each level compiles all levels below it twice.
    let mut defs = definitions(14, |n| {
        json!({
            "allOf": [{"$ref": format!("#/$defs/d{}", n + 1)}, {"$ref": format!("#/$defs/d{}", n + 1)}],
            "unevaluatedProperties": false
        })
    });
    defs["d14"] = json!({"type": "object"});
    let schema =
        json!({"type": "object", "$defs": defs, "properties": {"a": {"$ref": "#/$defs/d0"}}});
    assert_refused(&schema, &["steps to compile", "unevaluatedProperties"]);
}

#[test]
fn what_is_no_schema() {
    for wrong in [
        json!({"type": "nope"}),
        json!({"type": "object", "properties": []}),
        json!({"type": "object", "items": [{}]}),
        json!({"type": "object", "allOf": [1]}),
        json!({"type": "object", "$ref": 1}),
        json!({"type": "object", "not": "a"}),
        json!({"type": "object", "minLength": -1}),
        json!({"type": "object", "$defs": {"unused": {"type": "nope"}}}),
        json!([1]),
        json!("a"),
    ] {
        assert_refused(&wrong, &["is no JSON Schema 2020-12"]);
    }
}
