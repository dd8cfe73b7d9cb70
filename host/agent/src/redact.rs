//! Secrets of the agent, found in what leaves and taken out: as they are, and in the forms in which a tool or a
//! model may spell them (base64 at any offset, hex, percent-encoding, JSON escapes), also over the borders of chunks.

use std::fmt;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// What stands in a secret's place.
const MARK: &str = "[redacted]";
/// A shorter value can't be told from ordinary text, and is not looked for (bytes).
const SHORTEST: usize = 6;

/// Knows the values of an agent's secrets.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first, none twice.
    needles: Vec<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} forms)", self.needles.len())
    }
}

impl Redactor {
    /// A redactor for these values. Values of fewer than six bytes are left out: they would turn
    /// ordinary text into holes.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let long = values.into_iter().filter(|value| value.len() >= SHORTEST);
        let mut needles: Vec<String> = long.flat_map(forms).collect();
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    /// `text` with every known value replaced by `[redacted]`.
    pub fn redact(&self, text: &str) -> String {
        let mut stream = self.stream();
        let mut clean = stream.push(text);
        clean.push_str(&stream.finish());
        clean
    }

    /// For text that comes in pieces.
    pub(crate) fn stream(&self) -> RedactedStream<'_> {
        let (redactor, held) = (self, String::new());
        RedactedStream { redactor, held }
    }

    /// The first value in `text` (of several at one place the longest), and where.
    fn find(&self, text: &str) -> Option<(usize, usize)> {
        let found = self
            .needles
            .iter()
            .filter_map(|needle| Some((text.find(needle)?, needle.len())));
        found.min_by_key(|&(start, length)| (start, usize::MAX - length))
    }

    /// Where the end of `text` begins that may be the beginning of a value; its length when there is none.
    fn begun(&self, text: &str) -> usize {
        let starts = self.needles.iter().filter_map(|needle| {
            let longest = text.len().saturating_sub(needle.len() - 1);
            let mut tails = (longest..text.len()).filter(|&start| text.is_char_boundary(start));
            tails.find(|&start| needle.starts_with(&text[start..]))
        });
        starts.min().unwrap_or(text.len())
    }
}

/// Text of which the end may still turn out to be part of a secret.
pub(crate) struct RedactedStream<'a> {
    redactor: &'a Redactor,
    held: String,
}

impl RedactedStream<'_> {
    /// What may be shown now.
    pub(crate) fn push(&mut self, more: &str) -> String {
        self.held.push_str(more);
        let begun = self.redactor.begun(&self.held);
        self.release(begun)
    }

    /// The rest, once nothing follows.
    pub(crate) fn finish(mut self) -> String {
        self.release(usize::MAX)
    }

    /// Cleans and gives out what lies before `end`; a value that begins before it is replaced as a whole.
    fn release(&mut self, end: usize) -> String {
        let mut clean = String::new();
        let mut rest = self.held.as_str();
        let mut end = end;
        while let Some((start, length)) = self.redactor.find(rest).filter(|&(start, _)| start < end)
        {
            clean.push_str(&rest[..start]);
            clean.push_str(MARK);
            rest = &rest[start + length..];
            end = end.saturating_sub(start + length);
        }
        let plain = end.min(rest.len());
        clean.push_str(&rest[..plain]);
        self.held = rest[plain..].to_owned();
        clean
    }
}

/// The spellings of one value. All keep at least [`SHORTEST`] bytes.
fn forms(value: &str) -> Vec<String> {
    let bytes = value.as_bytes();
    let mut forms = vec![
        value.to_owned(),
        hex::encode(bytes),
        hex::encode_upper(bytes),
        percent(bytes, "%20", |byte| format!("%{byte:02X}")),
        percent(bytes, "%20", |byte| format!("%{byte:02x}")),
        percent(bytes, "+", |byte| format!("%{byte:02X}")),
        serde_json::Value::from(value)
            .to_string()
            .trim_matches('"')
            .to_owned(),
    ];
    for offset in 0..3 {
        forms.push(base64_at(bytes, offset, &BASE64_STANDARD_NO_PAD));
        forms.push(base64_at(bytes, offset, &BASE64_URL_SAFE_NO_PAD));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

/// All but the unreserved characters of RFC 3986 in percent-encoding.
fn percent(bytes: &[u8], space: &str, encode: fn(&u8) -> String) -> String {
    let encoded = bytes.iter().map(|byte| match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        b' ' => space.to_owned(),
        byte => encode(byte),
    });
    encoded.collect()
}

/// What of the value's base64 is the same whatever stands before and behind it, when `offset` bytes (modulo
/// 3) stand before it: the characters that carry bits of neighbours are left out.
fn base64_at(bytes: &[u8], offset: usize, engine: &impl Engine) -> String {
    let mut shifted = vec![0; offset];
    shifted.extend_from_slice(bytes);
    let encoded = engine.encode(&shifted);
    // 8 bits a byte, 6 a character.
    let first = (offset * 8).div_ceil(6);
    let last = shifted.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

    use super::{MARK, Redactor};

    const SECRET: &str = "s3cr3t/välue+?\"&";

    #[test]
    fn each_spelling_is_found_at_each_offset() {
        let redactor = Redactor::new([SECRET]);
        for before in ["", "a", "ab", "abc"] {
            let whole = format!("{before}{SECRET}zz");
            for spelled in [
                whole.clone(),
                BASE64_STANDARD.encode(&whole),
                BASE64_URL_SAFE.encode(&whole),
                hex::encode(&whole),
                hex::encode_upper(&whole),
                format!("{before}s3cr3t%2Fv%C3%A4lue%2B%3F%22%26"),
                format!("{before}s3cr3t%2fv%c3%a4lue%2b%3f%22%26"),
                serde_json::Value::from(whole.as_str()).to_string(),
            ] {
                let clean = redactor.redact(&spelled);
                assert!(clean.contains(MARK), "{spelled} became {clean}");
            }
        }
    }

    #[test]
    fn text_around_it_stays() {
        let redactor = Redactor::new([SECRET]);
        let clean = redactor.redact(&format!("key {SECRET}, twice {SECRET}!"));
        assert_eq!(clean, "key [redacted], twice [redacted]!");
        assert_eq!(redactor.redact("nothing here"), "nothing here");
    }

    #[test]
    fn a_value_split_anywhere_is_found() {
        let redactor = Redactor::new([SECRET, "s3cr3t/other-one"]);
        let text = format!("ä {SECRET} s3cr3t/s3cr3t/other-one s3c");
        let cuts: Vec<usize> = (0..=text.len())
            .filter(|&cut| text.is_char_boundary(cut))
            .collect();
        for &first in &cuts {
            for &second in cuts.iter().filter(|&&second| second >= first) {
                let mut stream = redactor.stream();
                let mut clean = stream.push(&text[..first]);
                clean.push_str(&stream.push(&text[first..second]));
                clean.push_str(&stream.push(&text[second..]));
                clean.push_str(&stream.finish());
                assert_eq!(clean, "ä [redacted] s3cr3t/[redacted] s3c");
            }
        }
    }

    #[test]
    fn ordinary_text_is_not_held_back() {
        let redactor = Redactor::new([SECRET]);
        let mut stream = redactor.stream();
        assert_eq!(stream.push("hello"), "hello");
        assert_eq!(stream.push(" s3"), " ");
        assert_eq!(stream.push("ven"), "s3ven");
    }

    #[test]
    fn nothing_is_told_by_debug_and_short_values_are_left_out() {
        assert!(!format!("{:?}", Redactor::new([SECRET])).contains("s3cr3t"));
        assert_eq!(Redactor::new(["12345"]).redact("12345"), "12345");
    }
}
