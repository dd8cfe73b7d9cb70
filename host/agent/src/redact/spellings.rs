//! The forms in which a tool or a model may spell a secret.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use super::SHORTEST;

/// Lists the spellings of one value: as it is, hex, percent-encoded, as a JSON string, and base64 at each offset.
/// All have at least [`SHORTEST`] bytes.
pub(super) fn spellings(value: &str) -> Vec<String> {
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
