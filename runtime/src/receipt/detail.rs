//! The text of a use, cut so that nothing a guest chooses makes a receipt long.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// The longest text of a use, in bytes as JSON writes it: a control character counts six.
pub(super) const MAX_DETAIL: usize = 256;

/// The longest name of a tool and the longest version in a receipt, counted in the same way.
pub(super) const MAX_NAME: usize = 128;

/// How many hexadecimal digits of the digest stand for what was cut off.
const DIGEST_DIGITS: usize = 16;

/// Gives `text` back when JSON needs at most `longest` bytes for it; else its beginning, followed by
/// `…sha256:` and the first digits of the whole text's SHA-256, so that two long texts stay two.
pub(super) fn shorten(text: &str, longest: usize) -> Cow<'_, str> {
    let Some(end) = cut_at(text, longest) else {
        return Cow::Borrowed(text);
    };
    let digest = HEXLOWER.encode(&Sha256::digest(text));
    Cow::Owned(format!(
        "{}…sha256:{}",
        &text[..end],
        &digest[..DIGEST_DIGITS]
    ))
}

/// Gives how many bytes JSON needs for `text`, its quotes left out.
pub(super) fn json_length(text: &str) -> usize {
    // By bytes: what takes more than itself is ASCII, and this runs for each use of each call.
    text.len() + text.bytes().map(escape_length_of).sum::<usize>()
}

/// The character boundary at which `text` is cut; `None` when all of it fits. Looks no further than needed.
fn cut_at(text: &str, longest: usize) -> Option<usize> {
    if text.len() <= longest && json_length(text) <= longest {
        return None;
    }
    let mut length = 0;
    text.char_indices().find_map(|(at, character)| {
        length += json_length_of(character);
        (length > longest).then_some(at)
    })
}

fn json_length_of(character: char) -> usize {
    let escape = u8::try_from(character).map_or(0, escape_length_of);
    character.len_utf8() + escape
}

/// The bytes that JSON adds to one, as `serde_json` writes it (RFC 8259, section 7).
fn escape_length_of(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..=0x1f => 5,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_left_as_it_is() {
        let text = "x".repeat(MAX_DETAIL);
        assert!(matches!(shorten(&text, MAX_DETAIL), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn a_longer_one_is_cut_at_a_character_and_told_apart_by_its_digest() {
        let (one, other) = ("é".repeat(200), format!("{}x", "é".repeat(199)));
        let (one, other) = (shorten(&one, MAX_DETAIL), shorten(&other, MAX_DETAIL));
        let (kept, digest) = one.split_once("…sha256:").unwrap();
        assert_eq!((kept.len(), digest.len()), (MAX_DETAIL, DIGEST_DIGITS));
        assert_eq!(other.split_once('…').unwrap().0, kept);
        assert_ne!(one, other);
    }

    #[test]
    fn lengths_are_those_of_the_json_that_is_written() {
        let every_ascii: String = (0..128u8).map(char::from).collect();
        for text in [
            every_ascii.as_str(),
            "é😀\u{2028}\u{7f}\u{ffff}",
            "",
            "\0\0\"\\",
        ] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(json_length(text), json.len() - 2, "{json}");
        }
    }
}
