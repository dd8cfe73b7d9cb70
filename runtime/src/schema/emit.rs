//! The schema that the evaluator gets: written by us from what was read, with the keywords that we
//! know the cost of and nothing else, and with every `$ref` in one form.

use serde_json::{Map, Value, json};

use super::graph::{Graph, NodeId, ROOT};
use super::keyword::{Form, Keyword, classify};

/// Writes the document. Each place that a `$ref` leads to is an entry of `$defs`.
pub(super) fn emit(graph: &Graph<'_>) -> Value {
    let definitions: Map<String, Value> = graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(id, node)| node.is_target && *id != ROOT)
        .map(|(id, _)| (id.to_string(), body(graph, id)))
        .collect();
    let mut document = body(graph, ROOT);
    if let Value::Object(root) = &mut document
        && !definitions.is_empty()
    {
        root.insert("$defs".into(), Value::Object(definitions));
    }
    document
}

/// A `$ref` to a subschema.
fn reference(id: NodeId) -> String {
    match id {
        ROOT => "#".into(),
        id => format!("#/$defs/{id}"),
    }
}

/// A subschema in the place where it was listed. Recursion follows the text, whose depth was checked.
fn place(graph: &Graph<'_>, value: &Value) -> Value {
    match graph.id_of(value) {
        Some(id) if id == ROOT || graph.nodes[id].is_target => json!({"$ref": reference(id)}),
        Some(id) => body(graph, id),
        // What is no schema: the meta-schema refuses it.
        None => value.clone(),
    }
}

fn body(graph: &Graph<'_>, id: NodeId) -> Value {
    let node = &graph.nodes[id];
    let Value::Object(keywords) = node.value else {
        return node.value.clone();
    };
    let mut written = Map::new();
    for (name, value) in keywords {
        let value = match classify(name) {
            Keyword::InPlace(form) | Keyword::Every(form) => subschemas(graph, value, form),
            Keyword::Members => subschemas(graph, value, Form::Map),
            Keyword::Prefix => subschemas(graph, value, Form::List),
            Keyword::Names => place(graph, value),
            Keyword::Reference => match node.reference {
                Some(target) => reference(target).into(),
                None => value.clone(),
            },
            Keyword::Pattern | Keyword::Assertion => value.clone(),
            Keyword::Refused(_) | Keyword::RootOnly | Keyword::Annotation => continue,
        };
        written.insert(name.clone(), value);
    }
    Value::Object(written)
}

fn subschemas(graph: &Graph<'_>, value: &Value, form: Form) -> Value {
    match (form, value) {
        (Form::List, Value::Array(items)) => items.iter().map(|item| place(graph, item)).collect(),
        (Form::Map, Value::Object(members)) => members
            .iter()
            .map(|(name, member)| (name.clone(), place(graph, member)))
            .collect(),
        (_, value) => place(graph, value),
    }
}
