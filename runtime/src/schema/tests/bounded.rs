use super::*;
use std::time::{Duration, Instant};

/// The bound on checking `value` by its levels, whether or not it is within the limit.
fn steps(schema: &Schema, value: &Value) -> u64 {
    schema.bound(value, value.to_string().len()).steps
}

/// A schema that evaluates 2^n times what it ends in.
fn doubling(n: usize) -> Value {
    fanning(2, n)
}

/// A schema that evaluates width^n times what it ends in.
fn fanning(width: usize, n: usize) -> Value {
    let mut defs = definitions(n, |n| {
        let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
        json!({"allOf": vec![next; width]})
    });
    defs[format!("d{n}")] = json!({"minProperties": 0});
    json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs})
}

#[test]
fn doubling_that_would_never_end_is_refused_for_every_value() {
    let schema = compile(&doubling(14)).unwrap();
    let small = steps(&schema, &json!({}));
    assert!((1 << 14..4_000_000).contains(&small), "{small}");
    assert!(check(&schema, &json!({})).is_ok());
    let schema = compile(&doubling(15)).unwrap();
    assert!(steps(&schema, &json!({})) > 2 * small - small / 8);
    let refused = compile(&doubling(40)).err().unwrap();
    assert!(refused.contains("inside each other"), "{refused}");
}

#[test]
fn doubling_in_any_of_and_in_levels_of_the_value() {
    // Each level of the value is looked at twice as often as the one above.
    let item = json!({"$ref": "#/$defs/list"});
    let schema = compile(&json!({
        "type": "object",
        "properties": {"list": item},
        "$defs": {"list": {"type": "array", "anyOf": [{"items": item}, {"items": item}]}}
    }))
    .unwrap();
    let list = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let value = json!({"list": list(28)});
    assert!(steps(&schema, &value) > 1 << 28);
    assert_eq!(check(&schema, &value), Err(Misfit::TooCostly(4_000_000)));
    assert!(matches!(
        check(&schema, &json!({"list": list(6)})),
        Err(Misfit::DoesNotFit { .. })
    ));
}

#[test]
fn the_refusal_says_what_to_do() {
    assert_eq!(
        Misfit::TooCostly(5).sentence("they", "are"),
        "they are too much to check with the tool's schema: it could take more than 5 steps; split the value, nest it less, or shorten its lists and texts"
    );
}

#[test]
fn the_bound_is_near_what_ordinary_values_take() {
    let properties: Value = (0..10)
        .map(|n| {
            (
                format!("field{n}"),
                json!({"type": "string", "maxLength": 100}),
            )
        })
        .collect();
    let item = json!({"type": "object", "properties": properties, "required": ["field0"], "additionalProperties": false});
    let schema = compile(
        &json!({"type": "object", "properties": {"rows": {"type": "array", "items": item}}}),
    )
    .unwrap();
    let row: Value = (0..10)
        .map(|n| (format!("field{n}"), json!("value")))
        .collect();
    let one = json!({"rows": [row]});
    assert!(steps(&schema, &one) < 200, "{}", steps(&schema, &one));
    // A list of 5,000 rows, the most that fits into a mebibyte of arguments.
    let many = json!({"rows": vec![row; 5_000]});
    assert!(check(&schema, &many).is_ok());
}

#[test]
fn long_strings_cost_what_the_pattern_is_large() {
    let schema = |pattern: &str| {
        compile(&json!({"type": "object", "properties": {"a": {"pattern": pattern}}})).unwrap()
    };
    let long = json!({"a": "b".repeat(500_000)});
    assert!(check(&schema("^[a-z]*$"), &long).is_ok());
    assert!(matches!(
        check(&schema("(a|b)*a(a|b){150}c"), &long),
        Err(Misfit::TooCostly(_))
    ));
}

#[test]
fn unique_items_inside_each_other_cost_every_level() {
    let levels = 12;
    let schema = (0..levels).fold(
        json!({}),
        |inner, _| json!({"type": "array", "uniqueItems": true, "items": inner}),
    );
    let schema = compile(&json!({"type": "object", "properties": {"a": schema}})).unwrap();
    let one = compile(
        &json!({"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true}}}),
    )
    .unwrap();
    let value = (0..levels).fold(json!("x".repeat(5_000)), |inner, _| json!([inner]));
    let value = json!({"a": value});
    assert!(steps(&schema, &value) > 8 * steps(&one, &value));
}

#[test]
fn arguments_are_at_most_32_levels_deep() {
    let schema = compile(&json!({"type": "object"})).unwrap();
    assert!(check(&schema, &nested(json!(1), 32)).is_ok());
    assert_eq!(
        check(&schema, &nested(json!(1), 33)),
        Err(Misfit::TooDeep(32))
    );
    let text = format!("{{\"a\":{}", "[".repeat(1_000_000));
    assert_eq!(schema.check_here(&text), Err(Misfit::TooDeep(32)));
}

#[test]
fn an_error_is_cut() {
    let schema =
        compile(&json!({"type": "object", "additionalProperties": {"type": "null"}})).unwrap();
    let value = json!({"a": "x".repeat(100_000)});
    let Err(Misfit::DoesNotFit { place, why }) = check(&schema, &value) else {
        panic!("it fits");
    };
    assert_eq!(place, "/a");
    assert_eq!(why.len(), crate::sink::MAX_LINE);
}

#[test]
fn an_error_that_would_take_long_to_explain_is_not_explained() {
    // Every item fails each of many branches, each with its own reason.
    let branches: Vec<Value> = (0..40).map(|n| json!({"const": n})).collect();
    let schema = compile(&json!({
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"anyOf": branches}}]}}
    }))
    .unwrap();
    let value = json!({"a": vec![json!("x"); 10_000]});
    assert_eq!(check(&schema, &value), Err(Misfit::Unexplained));
    assert_eq!(
        Misfit::Unexplained.sentence("they", "are"),
        "they do not fit the tool's schema, and are too large to say where"
    );
}

/// A quarter of the stack that the host gives is enough for the deepest that is accepted.
#[test]
fn the_deepest_schema_and_value_fit_the_stack() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let mut defs = definitions(
            14,
            |n| json!({keyword: [{"$ref": format!("#/$defs/d{}", n + 1)}]}),
        );
        defs["d14"] = json!({
            "additionalProperties": {"$ref": "#/$defs/d0"},
            "items": {"$ref": "#/$defs/d0"},
            "unevaluatedProperties": {"$ref": "#/$defs/d0"},
            "type": "object"
        });
        let schema = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs});
        let schema = compile_on(8, &schema).unwrap();
        // Whatever its bound: the stack is what counts here.
        let misfit = on_stack(8, move || schema.explain(&nested(json!(1), 32)));
        assert!(matches!(misfit, Misfit::DoesNotFit { .. }), "{misfit:?}");
    }
}

#[test]
fn what_is_checked_where_the_call_runs_is_short() {
    let is_small = |n| {
        let schema = compile(&doubling(n)).unwrap();
        schema.is_small(&schema.bound(&json!({}), 2))
    };
    assert!(is_small(5));
    assert!(!is_small(8));
}

/// The dearest that is allowed ends within what the limit is named for, with room for debug builds.
#[test]
fn the_dearest_check_that_is_allowed_takes_no_more_than_a_moment() {
    for width in [2, 3, 7] {
        let allowed = (1..16).rev().find_map(|n| {
            let schema = compile(&fanning(width, n)).unwrap();
            let begun = Instant::now();
            check(&schema, &json!({})).ok().map(|_| begun.elapsed())
        });
        assert!(allowed.unwrap() < Duration::from_secs(2), "{allowed:?}");
    }
}
