//! U+0000, which can't be kept as text by every database, so that no text may hold it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::ApiError;

/// Refuses JSON of which a text holds U+0000. What can't be looked through, because it is nested too deep or no JSON, is refused,
/// too, where it may hold one: who reads the body afterwards may skip that part.
///
/// # Errors
/// 400.
pub(super) fn refuse_nul(bytes: &[u8]) -> Result<(), ApiError> {
    let is_suspicious = bytes.windows(6).any(|window| window == br"\u0000");
    if !is_suspicious {
        return Ok(());
    }
    match serde_json::from_slice(bytes) {
        Ok(HoldsNul(false)) => Ok(()),
        Ok(HoldsNul(true)) => Err(ApiError::validation(
            "The body holds the character U+0000, which no text may hold. Leave it out.",
        )),
        Err(error) => Err(ApiError::validation(format!(
            "The body can't be read: {error}."
        ))),
    }
}

/// Whether a text of any JSON holds it. Nothing is kept: a body of a megabyte would be hundreds of them as values.
struct HoldsNul(bool);

impl<'de> Deserialize<'de> for HoldsNul {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look).map(Self)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        Ok(text.contains('\0'))
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        while let Some(HoldsNul(found)) = items.next_element()? {
            if found {
                // The rest is gone through, because the reader wants to be at the end.
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        while let Some((HoldsNul(in_name), HoldsNul(in_value))) = fields.next_entry()? {
            if in_name || in_value {
                while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::refuse_nul;

    #[test]
    fn nul_is_refused_where_it_is_one() {
        for held in [
            r#"{"a":["x\u0000"]}"#,
            r#"{"a\u0000":1}"#,
            r#"[[{"a":"\u0000"},1],{"b":[true,null,1.5,-1]}]"#,
            r#"{"a":"\u0000","b":{"c":[]}}"#,
            r#"{"a":"\u0000"#,
            &format!(
                r#"{{"a":"\u0000","b":{}1{}}}"#,
                "[".repeat(200),
                "]".repeat(200)
            ),
        ] {
            assert!(refuse_nul(held.as_bytes()).is_err(), "{held}");
        }
        for without in [
            r#"{"a":"\\u0000"}"#,
            r#"{"a":"\\u0000","b":[null,false,-1,2,0.5]}"#,
            "no JSON",
        ] {
            assert!(refuse_nul(without.as_bytes()).is_ok(), "{without}");
        }
    }
}
