//! What a provider answered, made fit to be recorded, shown and acted on.

use std::collections::HashSet;

use serde_json::Value;

use super::RunState;
use crate::{Completion, MAX_ARGUMENT_DEPTH, Message, Part, nests_deeper_than};

/// The most bytes of a tool call's id, and of its name.
const MAX_WORD_BYTES: usize = 128;
/// Stands for a name that no tool can have. Tools have `__` in their names: it never is one.
const NO_NAME: &str = "not-a-tool-name";

impl RunState {
    /// Cleans an answer before anything is done with it. A peer chooses every byte of it, so that:
    ///
    /// - secrets are taken out of every string in it (a peer knows the operator's key);
    /// - arguments that nest deeper than [`MAX_ARGUMENT_DEPTH`] become a text, which no tool takes;
    /// - names and ids are short and plain, and no id of this conversation comes twice: providers tell results
    ///   apart by them.
    pub(super) async fn accept(&self, answer: Completion) -> Completion {
        let mut message = answer.message;
        flatten_deep_arguments(&mut message);
        let mut message = self.turn.redactor.redact_message(message).await;
        let conversation = self.request.messages.iter().flat_map(Message::tool_calls);
        let mut taken: HashSet<String> = conversation.map(|(id, ..)| id.to_owned()).collect();
        let mut number = 0_u32;
        for part in &mut message.parts {
            if let Part::ToolCall { id, name, .. } = part {
                if !is_plain(id) {
                    *id = format!("call_{}_{number}", self.answers);
                }
                *id = unique(std::mem::take(id), &mut taken);
                if !is_plain(name) {
                    NO_NAME.clone_into(name);
                }
                number += 1;
            }
        }
        Completion { message, ..answer }
    }
}

/// A text in place of arguments that nest too deep: nothing may walk them, so they are not quoted either.
fn flatten_deep_arguments(message: &mut Message) {
    for part in &mut message.parts {
        if let Part::ToolCall { arguments, .. } = part
            && nests_deeper_than(arguments, MAX_ARGUMENT_DEPTH)
        {
            let text = format!("(arguments nested more than {MAX_ARGUMENT_DEPTH} deep)");
            *arguments = Value::String(text);
        }
    }
}

/// Whether every provider accepts it as an id or a name.
fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=MAX_WORD_BYTES).contains(&word.len()) && word.bytes().all(plain)
}

/// `id`, or when it is taken the first of `id_2`, `id_3`, … that is not; always the same for the same conversation.
fn unique(id: String, taken: &mut HashSet<String>) -> String {
    let numbered = |number: u32| {
        let suffix = format!("_{number}");
        let kept = id.floor_char_boundary(MAX_WORD_BYTES.saturating_sub(suffix.len()));
        format!("{}{suffix}", id.get(..kept).unwrap_or_default())
    };
    let mut free = id.clone();
    let mut number = 2;
    while taken.contains(&free) {
        free = numbered(number);
        number += 1;
    }
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{is_plain, unique};

    #[test]
    fn equal_ids_become_different_ones_that_are_still_ids() {
        let mut taken = HashSet::new();
        let long = "x".repeat(128);
        for (id, expected) in [
            ("a", "a".to_owned()),
            ("a_2", "a_2".to_owned()),
            ("a", "a_3".to_owned()),
            ("a", "a_4".to_owned()),
            (&long, long.clone()),
            (&long, format!("{}_2", "x".repeat(126))),
        ] {
            let got = unique(id.to_owned(), &mut taken);
            assert_eq!(got, expected);
            assert!(is_plain(&got));
        }
    }

    #[test]
    fn words_are_short_and_plain() {
        for word in ["toolu_01-A", &"x".repeat(128)] {
            assert!(is_plain(word));
        }
        for word in ["", "a b", "[redacted]", "ü", &"x".repeat(129)] {
            assert!(!is_plain(word), "{word}");
        }
    }
}
