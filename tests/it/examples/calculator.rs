//! `calculator`: needs nothing from the host.

use serde_json::json;
use skillgate_runtime::{Outcome, ToolError};

use super::given::{granted, package, runtime, text};

#[tokio::test]
async fn evaluates_expressions() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("calculator"))
        .await
        .unwrap();
    for (expression, value) in [
        ("6 * 7", "42"),
        ("(1 + 2)^3 - sqrt(16)", "23"),
        ("max(1, 2, 3) / 4", "0.75"),
    ] {
        let call = granted(&skill, "evaluate", &json!({ "expression": expression }));
        assert_eq!(text(&skill.call(call).await.unwrap().outcome), value);
    }
}

#[tokio::test]
async fn says_where_an_expression_goes_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("calculator"))
        .await
        .unwrap();
    let call = granted(&skill, "evaluate", &json!({ "expression": "1 / (2 - 2)" }));
    let report = skill.call(call).await.unwrap();
    let Outcome::Error(ToolError::InvalidArguments(message)) = report.outcome else {
        panic!("{:?}", report.outcome);
    };
    assert_eq!(message, "character 3: division by zero in `1 / (2 - 2)`");
}

#[tokio::test]
async fn is_pure_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let skill = runtime(folder.path())
        .load(&package("calculator"))
        .await
        .unwrap();
    assert!(skill.manifest().permissions.is_empty());
    let beyond_base = |import: &&String| {
        ["wasi:http", "wasi:keyvalue", "skillgate:"]
            .iter()
            .any(|name| import.starts_with(name))
    };
    assert_eq!(skill.imports().iter().find(beyond_base), None);
    let [evaluate] = skill.tools() else {
        panic!("{:?}", skill.tools())
    };
    assert_eq!(evaluate.name, "evaluate");
    assert!(evaluate.annotations.read_only && evaluate.annotations.idempotent);
    assert_eq!(evaluate.input_schema["required"], json!(["expression"]));
}
