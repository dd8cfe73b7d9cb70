//! From the events of a streamed answer to [`Delta`]s.
//!
//! Source: the vendor's API reference, "Streaming Messages". Types of events, blocks and deltas that are not
//! known here are ignored or kept as they are: new ones may be added to the protocol at any time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::NAME;
use super::error::{ErrorDetail, from_event};
use crate::provider::excerpt;
use crate::{Answer, Delta, Message, Part, ProviderError, Role, StopReason, Usage};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    MessageStart {
        message: Start,
    },
    ContentBlockStart {
        index: u64,
        content_block: Value,
    },
    ContentBlockDelta {
        index: u64,
        delta: BlockDelta,
    },
    MessageDelta {
        delta: End,
        usage: Option<WireUsage>,
    },
    MessageStop,
    Error {
        error: ErrorDetail,
    },
    /// `ping`, `content_block_stop`, and whatever comes to be.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Start {
    usage: Option<WireUsage>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BlockDelta {
    TextDelta {
        text: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    SignatureDelta {
        signature: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct End {
    stop_reason: Option<StopReason>,
}

/// Figures are cumulative: a later one replaces an earlier one.
#[derive(Deserialize)]
struct WireUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
}

enum Block {
    Text(String),
    ToolUse {
        id: String,
        name: String,
        input: Value,
        json: String,
    },
    /// Thinking and all that is unknown: the block as it came, with its deltas put in.
    Opaque {
        block: Value,
        json: String,
    },
}

/// The state of one answer. Feed it the `data` of each event.
#[derive(Default)]
pub(super) struct Decoder {
    blocks: BTreeMap<u64, Block>,
    usage: Usage,
    stop_reason: Option<StopReason>,
    started: bool,
}

impl Decoder {
    /// What this event adds for the reader, if anything.
    ///
    /// # Errors
    /// The error that the event tells of, or [`ProviderError::Garbage`].
    pub(super) fn event(&mut self, data: &str) -> Result<Option<Delta>, ProviderError> {
        let frame: Frame = serde_json::from_str(data)
            .map_err(|error| garbage(&format!("an event that can't be read, {error}: {data}")))?;
        match frame {
            Frame::MessageStart { message } => {
                self.started = true;
                self.count(message.usage);
            }
            Frame::ContentBlockStart {
                index,
                content_block,
            } => return self.start(index, content_block),
            Frame::ContentBlockDelta { index, delta } => return self.extend(index, delta),
            Frame::MessageDelta { delta, usage } => {
                self.stop_reason = delta.stop_reason.or(self.stop_reason.take());
                self.count(usage);
            }
            Frame::MessageStop => return self.finish().map(|answer| Some(Delta::End(answer))),
            Frame::Error { error } => return Err(from_event(&error)),
            Frame::Other => {}
        }
        Ok(None)
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        let Some(new) = usage else { return };
        let old = self.usage;
        self.usage = Usage {
            input_tokens: new.input_tokens.unwrap_or(old.input_tokens),
            output_tokens: new.output_tokens.unwrap_or(old.output_tokens),
            cache_read_tokens: new.cache_read_input_tokens.unwrap_or(old.cache_read_tokens),
            cache_write_tokens: new
                .cache_creation_input_tokens
                .unwrap_or(old.cache_write_tokens),
        };
    }

    fn start(&mut self, index: u64, block: Value) -> Result<Option<Delta>, ProviderError> {
        let text = |key: &str| block[key].as_str().map(str::to_owned);
        let missing = || garbage(&format!("a tool_use block without id or name: {block}"));
        let (block, delta) = match block["type"].as_str() {
            Some("text") => {
                let text = text("text").unwrap_or_default();
                let delta = (!text.is_empty()).then(|| Delta::Text(text.clone()));
                (Block::Text(text), delta)
            }
            Some("tool_use") => {
                let id = text("id").ok_or_else(missing)?;
                let name = text("name").ok_or_else(missing)?;
                let (input, json) = (block["input"].clone(), String::new());
                let block = Block::ToolUse {
                    id,
                    name,
                    input,
                    json,
                };
                (block, None)
            }
            Some(_) if block.is_object() => {
                let json = String::new();
                (Block::Opaque { block, json }, None)
            }
            _ => return Err(garbage(&format!("a block without a type: {block}"))),
        };
        if self.blocks.insert(index, block).is_some() {
            return Err(garbage(&format!("two blocks with index {index}")));
        }
        Ok(delta)
    }

    fn extend(&mut self, index: u64, delta: BlockDelta) -> Result<Option<Delta>, ProviderError> {
        let unknown = || garbage(&format!("a delta for block {index}, which did not start"));
        let block = self.blocks.get_mut(&index).ok_or_else(unknown)?;
        match (block, delta) {
            (Block::Text(text), BlockDelta::TextDelta { text: more }) => {
                text.push_str(&more);
                return Ok((!more.is_empty()).then_some(Delta::Text(more)));
            }
            (
                Block::ToolUse { json, .. } | Block::Opaque { json, .. },
                BlockDelta::InputJsonDelta { partial_json },
            ) => json.push_str(&partial_json),
            (Block::Opaque { block, .. }, BlockDelta::ThinkingDelta { thinking }) => {
                append(block, "thinking", &thinking);
            }
            (Block::Opaque { block, .. }, BlockDelta::SignatureDelta { signature }) => {
                append(block, "signature", &signature);
            }
            (_, BlockDelta::Other) => {}
            _ => {
                return Err(garbage(&format!(
                    "a delta of another type than its block {index}"
                )));
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Answer, ProviderError> {
        let (Some(stop_reason), true) = (self.stop_reason.take(), self.started) else {
            return Err(garbage("message_stop without message_start or stop_reason"));
        };
        let blocks = std::mem::take(&mut self.blocks).into_values();
        let parts = blocks.map(Block::into_part).collect();
        let role = Role::Assistant;
        Ok(Answer {
            message: Message { role, parts },
            usage: self.usage,
            stop_reason,
        })
    }
}

impl Block {
    fn into_part(self) -> Part {
        match self {
            Self::Text(text) => Part::Text { text },
            Self::ToolUse {
                id,
                name,
                input,
                json,
            } => Part::ToolCall {
                id,
                name,
                arguments: arguments(input, json),
            },
            Self::Opaque { mut block, json } => {
                if !json.is_empty() {
                    block["input"] = arguments(Value::Null, json);
                }
                Part::Reasoning {
                    provider: NAME.to_owned(),
                    opaque: block,
                }
            }
        }
    }
}

/// No fragment at all means no arguments. What is not JSON stays a string: the loop tells the model.
fn arguments(start: Value, json: String) -> Value {
    match (start, json) {
        (Value::Object(object), json) if json.is_empty() => Value::Object(object),
        (_, json) if json.is_empty() => Value::Object(Map::new()),
        (_, json) => serde_json::from_str(&json).unwrap_or(Value::String(json)),
    }
}

fn append(block: &mut Value, key: &str, more: &str) {
    let text = block[key].as_str().unwrap_or_default();
    block[key] = json!(format!("{text}{more}"));
}

fn garbage(what: &str) -> ProviderError {
    ProviderError::Garbage(excerpt(what))
}
