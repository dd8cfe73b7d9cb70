//! From the events of a streamed answer to [`Delta`]s.
//!
//! Source: the vendor's API reference, "Streaming Messages". Types of events, blocks and deltas that are not
//! known here are ignored or kept as they are: new ones may be added to the protocol at any time.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::NAME;
use super::error::{ErrorDetail, Quotes, from_event};
use crate::{
    AnswerLimits, Completion, Delta, MAX_DOCUMENT_DEPTH, Message, Part, ProviderError, Role,
    StopReason, Usage, nests_deeper_than,
};

/// The most bytes of an event's JSON beside what it says.
const MAX_FRAME_BYTES: usize = 64 << 10;

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
    stop_reason: Option<WireReason>,
}

/// The reasons that a provider may give. Those that only the host gives are no more known here than any other word.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireReason {
    EndTurn,
    MaxTokens,
    StopSequence,
    ToolUse,
    PauseTurn,
    Refusal,
    ModelContextWindowExceeded,
    #[serde(other)]
    Other,
}

impl From<WireReason> for StopReason {
    fn from(reason: WireReason) -> Self {
        match reason {
            WireReason::EndTurn => Self::EndTurn,
            WireReason::MaxTokens => Self::MaxTokens,
            WireReason::StopSequence => Self::StopSequence,
            WireReason::ToolUse => Self::ToolUse,
            WireReason::PauseTurn => Self::PauseTurn,
            WireReason::Refusal => Self::Refusal,
            WireReason::ModelContextWindowExceeded => Self::ModelContextWindowExceeded,
            WireReason::Other => Self::Other,
        }
    }
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
        block: Map<String, Value>,
        json: String,
        thinking: String,
        signature: String,
    },
}

/// The state of one answer. Feed it the `data` of each event.
#[derive(Default)]
pub(super) struct Decoder {
    blocks: BTreeMap<u64, Block>,
    usage: Usage,
    stop_reason: Option<StopReason>,
    started: bool,
    /// How much of the answer is held.
    bytes: usize,
    limits: AnswerLimits,
    quotes: Quotes,
}

impl Decoder {
    /// Nothing was received yet. `quotes` writes what the peer said into errors.
    pub(super) fn new(limits: AnswerLimits, quotes: Quotes) -> Self {
        Self {
            limits,
            quotes,
            ..Self::default()
        }
    }

    pub(super) fn quotes(&self) -> &Quotes {
        &self.quotes
    }

    /// What this event adds for the reader, if anything.
    ///
    /// # Errors
    /// The error that the event tells of, [`ProviderError::Garbage`], or [`ProviderError::AnswerTooLarge`].
    pub(super) fn event(&mut self, data: &str) -> Result<Option<Delta>, ProviderError> {
        if data.len() > self.limits.bytes.saturating_add(MAX_FRAME_BYTES) {
            return Err(self.too_large());
        }
        let frame: Frame = serde_json::from_str(data).map_err(|error| {
            self.garbage(&format!("an event that can't be read, {error}: {data}"))
        })?;
        match frame {
            Frame::MessageStart { message } => {
                self.started = true;
                self.count(message.usage);
            }
            Frame::ContentBlockStart {
                index,
                content_block,
            } => {
                self.hold(data.len())?;
                return self.start(index, content_block);
            }
            Frame::ContentBlockDelta { index, delta } => return self.extend(index, delta),
            Frame::MessageDelta { delta, usage } => {
                let reason = delta.stop_reason.map(StopReason::from);
                self.stop_reason = reason.or(self.stop_reason.take());
                self.count(usage);
            }
            Frame::MessageStop => return self.finish().map(|answer| Some(Delta::End(answer))),
            Frame::Error { error } => return Err(from_event(&error, &self.quotes)),
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

    /// Counts what is kept of the answer from now on.
    fn hold(&mut self, bytes: usize) -> Result<(), ProviderError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limits.bytes {
            return Err(self.too_large());
        }
        Ok(())
    }

    fn start(&mut self, index: u64, block: Value) -> Result<Option<Delta>, ProviderError> {
        if self.blocks.len() >= self.limits.blocks {
            let most = self.limits.blocks;
            let said = format!("more than {most} content blocks");
            return Err(ProviderError::AnswerTooLarge(said));
        }
        let block = self.opened(block)?;
        let delta = match &block {
            Block::Text(text) if !text.is_empty() => Some(Delta::Text(text.clone())),
            _ => None,
        };
        if self.blocks.insert(index, block).is_some() {
            return Err(self.garbage(&format!("two blocks with index {index}")));
        }
        Ok(delta)
    }

    /// A block as it begins.
    fn opened(&self, block: Value) -> Result<Block, ProviderError> {
        let text = |key: &str| block[key].as_str().map(str::to_owned);
        let json = String::new();
        match block["type"].as_str() {
            Some("text") => Ok(Block::Text(text("text").unwrap_or_default())),
            Some("tool_use") => match (text("id"), text("name")) {
                (Some(id), Some(name)) => Ok(Block::ToolUse {
                    id,
                    name,
                    input: block["input"].clone(),
                    json,
                }),
                _ => Err(self.garbage(&format!("a tool_use block without id or name: {block}"))),
            },
            Some(_) => match block {
                Value::Object(block) => Ok(Block::Opaque {
                    block,
                    json,
                    thinking: String::new(),
                    signature: String::new(),
                }),
                block => Err(self.garbage(&format!("a block without a type: {block}"))),
            },
            None => Err(self.garbage(&format!("a block without a type: {block}"))),
        }
    }

    fn extend(&mut self, index: u64, delta: BlockDelta) -> Result<Option<Delta>, ProviderError> {
        self.hold(delta.bytes())?;
        let quotes = &self.quotes;
        let Some(block) = self.blocks.get_mut(&index) else {
            let said = format!("a delta for block {index}, which did not start");
            return Err(garbage(quotes, &said));
        };
        match (block, delta) {
            (Block::Text(text), BlockDelta::TextDelta { text: more }) => {
                text.push_str(&more);
                return Ok((!more.is_empty()).then_some(Delta::Text(more)));
            }
            (
                Block::ToolUse { json, .. } | Block::Opaque { json, .. },
                BlockDelta::InputJsonDelta { partial_json },
            ) => json.push_str(&partial_json),
            (Block::Opaque { thinking, .. }, BlockDelta::ThinkingDelta { thinking: more }) => {
                thinking.push_str(&more);
            }
            (Block::Opaque { signature, .. }, BlockDelta::SignatureDelta { signature: more }) => {
                signature.push_str(&more);
            }
            (_, BlockDelta::Other) => {}
            _ => {
                let said = format!("a delta of another type than its block {index}");
                return Err(garbage(quotes, &said));
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Completion, ProviderError> {
        let (Some(stop_reason), true) = (self.stop_reason.take(), self.started) else {
            return Err(self.garbage("message_stop without message_start or stop_reason"));
        };
        let blocks = std::mem::take(&mut self.blocks).into_values();
        let parts: Vec<Part> = blocks.map(Block::into_part).collect();
        if parts.iter().any(is_too_deep) {
            let said = format!("a block that is nested more than {MAX_DOCUMENT_DEPTH} deep");
            return Err(self.garbage(&said));
        }
        let role = Role::Assistant;
        Ok(Completion {
            message: Message { role, parts },
            usage: self.usage,
            stop_reason,
        })
    }

    fn too_large(&self) -> ProviderError {
        ProviderError::AnswerTooLarge(format!("more than {} bytes", self.limits.bytes))
    }

    fn garbage(&self, what: &str) -> ProviderError {
        garbage(&self.quotes, what)
    }
}

impl BlockDelta {
    /// What it adds to the answer.
    fn bytes(&self) -> usize {
        match self {
            Self::TextDelta { text } => text.len(),
            Self::InputJsonDelta { partial_json } => partial_json.len(),
            Self::ThinkingDelta { thinking } => thinking.len(),
            Self::SignatureDelta { signature } => signature.len(),
            Self::Other => 0,
        }
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
            Self::Opaque {
                mut block,
                json,
                thinking,
                signature,
            } => {
                append(&mut block, "thinking", &thinking);
                append(&mut block, "signature", &signature);
                if !json.is_empty() {
                    block.insert("input".to_owned(), arguments(Value::Null, json));
                }
                Part::Reasoning {
                    provider: NAME.to_owned(),
                    opaque: Value::Object(block),
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

fn append(block: &mut Map<String, Value>, key: &str, more: &str) {
    if more.is_empty() {
        return;
    }
    let text = block.get(key).and_then(Value::as_str).unwrap_or_default();
    let whole = Value::String(format!("{text}{more}"));
    block.insert(key.to_owned(), whole);
}

/// A provider's own block that is nested deeper than anything that providers make. It is not dropped: the provider
/// would refuse the conversation without it.
fn is_too_deep(part: &Part) -> bool {
    matches!(part, Part::Reasoning { opaque, .. } if nests_deeper_than(opaque, MAX_DOCUMENT_DEPTH))
}

fn garbage(quotes: &Quotes, what: &str) -> ProviderError {
    ProviderError::Garbage(quotes.excerpt(what))
}
