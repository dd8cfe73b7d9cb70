//! The text of an API key: `ak_live_` and 128 random bits in hexadecimal.

use zeroize::Zeroizing;

use crate::SecretText;

const LABEL: &str = "ak_live_";
const RANDOM_DIGITS: usize = 32;
/// How much of a key is kept in the clear, to find its row: a quarter of the random bits.
pub(super) const PREFIX_CHARS: usize = LABEL.len() + 8;

/// The part that finds the row; `None` for text that is no API key.
pub(super) fn prefix(plaintext: &str) -> Option<&str> {
    let random = plaintext.strip_prefix(LABEL)?;
    let is_key = random.len() == RANDOM_DIGITS
        && random
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    is_key.then(|| &plaintext[..PREFIX_CHARS])
}

pub(super) fn generate() -> SecretText {
    let random = Zeroizing::new(rand::random::<[u8; RANDOM_DIGITS / 2]>());
    SecretText::new(format!(
        "{LABEL}{}",
        Zeroizing::new(hex::encode(random.as_slice())).as_str()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_a_key() {
        let key = generate();
        assert_eq!(prefix(key.expose()), Some(&key.expose()[..16]));
        let random = "0123456789abcdef0123456789abcdef";
        for text in [
            "",
            "ak_live_",
            &format!("ak_live_{random}0"),
            &format!("AK_LIVE_{random}"),
            random,
        ] {
            assert_eq!(prefix(text), None, "{text}");
        }
        assert_eq!(prefix(&format!("ak_live_{}", random.to_uppercase())), None);
        assert_eq!(
            prefix(&format!("ak_live_{}é", &random[..30])),
            None,
            "a split character must not panic"
        );
    }
}
