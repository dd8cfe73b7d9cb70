//! A language model that is on the attackers' side: what it answers depends on the name of the model that is asked for.

use serde_json::{Value, json};

use crate::fake_anthropic::{Block, FakeAnthropic, Reply};

/// Thousands of tool calls in one answer.
pub const MANY_CALLS: &str = "many-calls";
/// Tool calls that all have one id.
pub const EQUAL_IDS: &str = "equal-ids";
/// Megabytes of text.
pub const HUGE_ANSWER: &str = "huge-answer";

/// Calls in one answer of [`MANY_CALLS`].
const CALLS: usize = 3_000;
/// Bytes in one answer of [`HUGE_ANSWER`].
const HUGE: usize = 8 << 20;

/// Starts the model. Tools are those of the test guest `echo`.
pub async fn start() -> FakeAnthropic {
    let many: Vec<Block> = (0..CALLS).map(|number| call(id(number))).collect();
    FakeAnthropic::choosing(move |asked| {
        if is_answered(asked) {
            return Reply::Answer(vec![Block::text("That is all.")]);
        }
        let blocks = match asked["model"].as_str() {
            Some(MANY_CALLS) => many.clone(),
            Some(EQUAL_IDS) => (0..8).map(|_| call("toolu_same")).collect(),
            Some(HUGE_ANSWER) => vec![Block::Text("long ".repeat(HUGE / 5))],
            _ => vec![Block::text("Hello.")],
        };
        Reply::Answer(blocks)
    })
    .await
}

fn call(id: &'static str) -> Block {
    Block::ToolUse(id, "echo__echo", json!({ "text": "again" }))
}

/// An id that lives as long as the process, as blocks want it.
fn id(number: usize) -> &'static str {
    format!("toolu_{number}").leak()
}

/// Whether the last message is what tools answered.
fn is_answered(asked: &Value) -> bool {
    let last = asked["messages"].as_array().and_then(|all| all.last());
    let parts = last.and_then(|last| last["content"].as_array());
    parts.is_some_and(|parts| parts.iter().any(|part| part["type"] == "tool_result"))
}
