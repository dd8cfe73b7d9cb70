//! What the host does with schemas and structured results that a stranger wrote.

use std::sync::Arc;

use serde_json::{Value, json};
use skillgate_runtime::{Call, LoadError, Outcome, Skill, ToolError};

use super::support::{guest, load, manifest, package, run, runtime, text};

/// What the guest `lister` lists and answers.
#[derive(Default)]
struct Listed {
    input_schemas: Vec<Value>,
    output_schema: Option<Value>,
    structured: String,
}

/// Writes `text` over the run of `filler` bytes in the component, and spaces over the rest.
fn write(component: &mut [u8], filler: u8, length: usize, text: &str) {
    let start = component
        .windows(length)
        .position(|window| window.iter().all(|byte| *byte == filler))
        .unwrap();
    let place = &mut component[start..start + length];
    place.fill(b' ');
    place[..text.len()].copy_from_slice(text.as_bytes());
}

async fn list(listed: Listed) -> Result<Arc<Skill>, LoadError> {
    let mut component = guest("lister");
    let schemas: Vec<String> = listed.input_schemas.iter().map(Value::to_string).collect();
    let output = listed.output_schema.map(|schema| schema.to_string());
    write(&mut component, 1, 256 << 10, &schemas.join("\n"));
    write(&mut component, 2, 8 << 10, &output.unwrap_or_default());
    write(&mut component, 3, 64 << 10, &listed.structured);
    runtime()
        .load(&package(manifest("lister"), component))
        .await
}

async fn refusal(input_schemas: Vec<Value>) -> String {
    let listed = Listed {
        input_schemas,
        ..Listed::default()
    };
    match list(listed).await.err().unwrap() {
        LoadError::BadTools { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

async fn assert_alive() {
    let echo = load("echo").await;
    assert_eq!(
        text(&run(&echo, "echo", json!({"text": "alive"})).await),
        "alive"
    );
}

fn invalid(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Error(ToolError::InvalidArguments(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn fault(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Fault(fault) => &fault.message,
        other => panic!("{other:?}"),
    }
}

/// `d0` applies `d1` four times, and so on: 4^n evaluations of the last.
fn fanning(n: usize) -> Value {
    let mut defs = json!({});
    for level in 0..n {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        defs[format!("d{level}")] = json!({"allOf": [next, next, next, next]});
    }
    defs[format!("d{n}")] = json!({"minProperties": 0});
    json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs})
}

#[tokio::test]
async fn a_schema_that_would_overflow_the_stack_is_refused_at_load() {
    let mut defs = json!({"d71": true});
    for level in 0..71 {
        let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
        defs[format!("d{level}")] = (0..110).fold(next, |inner, _| json!({"not": inner}));
    }
    let chain = json!({"type": "object", "$ref": "#/$defs/d0", "$defs": defs});
    let reason = refusal(vec![json!({"type": "object"}), chain]).await;
    assert!(
        reason.contains(r#"tool "tool1": its input schema is nested deeper than 32 levels"#),
        "{reason}"
    );
    assert_alive().await;
}

#[tokio::test]
async fn patterns_that_take_gigabytes_are_refused_at_load() {
    let branches: Vec<Value> = (9_000..9_050)
        .map(|n| json!({"pattern": format!(".{{{n}}}")}))
        .collect();
    let reason = refusal(vec![json!({"type": "object", "anyOf": branches})]).await;
    assert!(reason.contains("65536 bytes compiled"), "{reason}");
    assert_alive().await;
}

#[tokio::test]
async fn a_list_of_tools_has_a_size() {
    let long = json!({"type": "object", "title": "x".repeat(50_000)});
    let listed = Listed {
        input_schemas: vec![long; 5],
        output_schema: Some(json!({"type": "object", "title": "x".repeat(7_000)})),
        ..Listed::default()
    };
    let reason = match list(listed).await.err().unwrap() {
        LoadError::BadTools { reason, .. } => reason,
        other => panic!("{other}"),
    };
    assert!(
        reason.contains("more than 262144 bytes of names, descriptions and schemas"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_check_that_would_take_hours_is_refused_at_the_call() {
    let listed = Listed {
        input_schemas: vec![fanning(15), json!({"type": "object"})],
        structured: "1".into(),
        ..Listed::default()
    };
    let skill = list(listed).await.unwrap();
    let report = run(&skill, "tool0", json!({})).await;
    let why = invalid(&report.outcome);
    assert!(
        why.starts_with(
            "they are too much to check with the tool's schema: it could take more than "
        ),
        "{why}"
    );
    assert!(report.receipt.uses.is_empty());
    let other = run(&skill, "tool1", json!({})).await;
    assert!(matches!(other.outcome, Outcome::Result(_)));
    assert_alive().await;
}

#[tokio::test]
async fn a_structured_result_that_would_take_hours_to_check_is_the_guests_fault() {
    let listed = Listed {
        input_schemas: vec![json!({"type": "object"})],
        output_schema: Some(fanning(15)),
        structured: "{}".into(),
    };
    let skill = list(listed).await.unwrap();
    let report = run(&skill, "tool0", json!({})).await;
    let why = fault(&report.outcome);
    assert!(
        why.starts_with("its structured result is too much to check with the tool's schema"),
        "{why}"
    );
}

#[tokio::test]
async fn arguments_nested_deep_are_refused_before_they_are_parsed() {
    let echo = load("echo").await;
    for depth in [33, 120, 300_000] {
        let arguments = format!("{{\"text\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let report = echo.call(Call::new("echo", arguments)).await.unwrap();
        assert!(
            invalid(&report.outcome).contains("nested deeper than 32 levels"),
            "{:?}",
            report.outcome
        );
    }
}

#[tokio::test]
async fn a_structured_result_is_quoted_cut_and_bounded_in_depth() {
    let answer = |structured: String, output_schema: Option<Value>| Listed {
        input_schemas: vec![json!({"type": "object"})],
        output_schema,
        structured,
    };
    let string = json!({"type": "object", "properties": {"a": {"type": "null"}}});
    let long = json!({"a": "x".repeat(60_000)}).to_string();
    let skill = list(answer(long, Some(string))).await.unwrap();
    let report = run(&skill, "tool0", json!({})).await;
    let told = fault(&report.outcome);
    assert!(told.starts_with("its structured result does not fit its output schema: /a: \"xxx"));
    assert!(told.len() < 5_000, "{} bytes", told.len());
    for schema in [None, Some(json!({"type": "array"}))] {
        let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
        let skill = list(answer(deep, schema)).await.unwrap();
        let report = run(&skill, "tool0", json!({})).await;
        assert_eq!(
            fault(&report.outcome),
            "its structured result is nested deeper than 32 levels; flatten the value"
        );
    }
}
