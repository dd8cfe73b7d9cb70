//! What is refused, what is accepted, that bounds hold, and that the evaluator agrees with itself.

mod accepted;
mod agreement;
mod bounded;
mod refused;

use serde_json::{Value, json};

use super::{Budget, Misfit, Schema};
use crate::config::SchemaLimits;

/// Compiles one schema with the default limits, on a thread with the stack given in MiB.
fn compile_on(stack: usize, schema: &Value) -> Result<Schema, String> {
    let text = schema.to_string();
    on_stack(stack, move || {
        let limits = SchemaLimits::default();
        Schema::compile(&text, &mut Budget::new(&limits)).map(|(_, schema)| schema)
    })
}

fn compile(schema: &Value) -> Result<Schema, String> {
    compile_on(8, schema)
}

/// Why a schema is refused.
fn refusal(schema: &Value) -> String {
    match compile(schema) {
        Ok(_) => panic!("it was accepted"),
        Err(why) => why,
    }
}

fn on_stack<T: Send + 'static>(mebibytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(mebibytes << 20);
    thread.spawn(work).unwrap().join().unwrap()
}

fn check(schema: &Schema, value: &Value) -> Result<Value, Misfit> {
    schema.check_here(&value.to_string())
}

/// `inner` inside `levels` single `allOf`s.
fn in_all_of(inner: Value, levels: usize) -> Value {
    (0..levels).fold(
        inner,
        |inner, _| json!({"allOf": [inner, {"minProperties": 0}]}),
    )
}

/// `leaf` inside `levels` objects with one member.
fn nested(leaf: Value, levels: usize) -> Value {
    (0..levels).fold(leaf, |inner, _| json!({"a": inner}))
}

/// `$defs` named `d0`, `d1`, …
fn definitions(count: usize, make: impl Fn(usize) -> Value) -> Value {
    (0..count).map(|n| (format!("d{n}"), make(n))).collect()
}
