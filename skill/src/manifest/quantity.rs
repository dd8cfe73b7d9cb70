//! Sizes (`10MiB`) and durations (`10s`) as they are written in a manifest.

use std::time::Duration;

use crate::GrammarError;

const SIZE_UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];
const TIME_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// A size in bytes from `<whole number><B|KiB|MiB|GiB>`; without a unit it is bytes.
///
/// # Errors
/// When the text is not that, is zero, or does not fit 64 bits.
pub fn parse_size(text: &str) -> Result<u64, GrammarError> {
    let wrong = |problem| GrammarError::new("a size", text, problem);
    let (number, unit) = split_number(text);
    let factor = match unit {
        "" => 1,
        unit => find(&SIZE_UNITS, unit).ok_or_else(|| wrong(SIZE_FORM))?,
    };
    positive(number, factor).ok_or_else(|| wrong(SIZE_FORM))
}

const SIZE_FORM: &str = "write a whole number above zero with B, KiB, MiB or GiB, such as 10MiB";

/// A duration from `<whole number><ms|s|m|h>`.
///
/// # Errors
/// When the text is not that, is zero, or is longer than 64 bits of milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, GrammarError> {
    let wrong = || {
        let form = "write a whole number above zero with ms, s, m or h, such as 10s";
        GrammarError::new("a duration", text, form)
    };
    let (number, unit) = split_number(text);
    let factor = find(&TIME_UNITS, unit).ok_or_else(wrong)?;
    positive(number, factor)
        .map(Duration::from_millis)
        .ok_or_else(wrong)
}

/// The shortest exact form of a size that [`parse_size`] reads back.
pub fn display_size(bytes: u64) -> String {
    let whole = SIZE_UNITS
        .iter()
        .find(|(_, factor)| bytes.is_multiple_of(*factor));
    match whole {
        Some((unit, factor)) if bytes > 0 => format!("{}{unit}", bytes / factor),
        _ => format!("{bytes}B"),
    }
}

/// The shortest exact form of a duration, in whole milliseconds, that [`parse_duration`] reads back.
pub fn display_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let whole = TIME_UNITS
        .iter()
        .rev()
        .find(|(_, factor)| millis.is_multiple_of(u128::from(*factor)));
    match whole {
        Some((unit, factor)) if millis > 0 => format!("{}{unit}", millis / u128::from(*factor)),
        _ => format!("{millis}ms"),
    }
}

fn split_number(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn find(units: &[(&str, u64)], unit: &str) -> Option<u64> {
    units
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
}

fn positive(number: &str, factor: u64) -> Option<u64> {
    let number: u64 = number.parse().ok()?;
    number.checked_mul(factor).filter(|&value| value > 0)
}

/// serde form of a size: text such as `10MiB`; a bare number is read as bytes.
pub(crate) mod size {
    use std::fmt;

    use serde::{Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(bytes: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::display_size(*bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(SizeVisitor)
    }

    struct SizeVisitor;

    impl de::Visitor<'_> for SizeVisitor {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a size such as 10MiB")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            super::parse_size(text).map_err(E::custom)
        }

        fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<u64, E> {
            self.visit_str(&bytes.to_string())
        }

        fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<u64, E> {
            self.visit_str(&bytes.to_string())
        }
    }
}

/// [`size`], where there may be none.
pub(crate) mod size_option {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        size: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match size {
            Some(bytes) => super::size::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        #[derive(Deserialize)]
        struct Size(#[serde(with = "super::size")] u64);
        Ok(Option::<Size>::deserialize(deserializer)?.map(|size| size.0))
    }
}

/// serde form of a duration that there may be: text such as `10s`.
pub(crate) mod duration_option {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_str(&super::display_duration(*duration)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::<String>::deserialize(deserializer)?
            .map(|text| super::parse_duration(&text).map_err(D::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_whole_numbers_with_a_binary_unit() {
        assert_eq!(parse_size("10MiB"), Ok(10 << 20));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("512"), Ok(512));
        assert_eq!(parse_size("512B"), Ok(512));
    }

    #[test]
    fn what_is_no_size_is_refused_with_the_right_form() {
        for text in [
            "",
            "MiB",
            "0",
            "0KiB",
            "-1",
            "1.5MiB",
            "1 MiB",
            "10MB",
            "10mib",
            "１MiB",
            "99999999999GiB",
        ] {
            let error = parse_size(text).unwrap_err().to_string();
            assert!(error.contains("such as 10MiB"), "{text}: {error}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for text in [
            "",
            "10",
            "0s",
            "-1s",
            "1.5s",
            "10 s",
            "10sec",
            "99999999999999999h",
        ] {
            let error = parse_duration(text).unwrap_err().to_string();
            assert!(error.contains("such as 10s"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_size_reads_back_from_its_display(bytes in 1u64..) {
            prop_assert_eq!(parse_size(&display_size(bytes)), Ok(bytes));
        }

        #[test]
        fn any_duration_reads_back_from_its_display(millis in 1u64..) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse_duration(&display_duration(duration)), Ok(duration));
        }

        #[test]
        fn a_unit_multiplies(number in 1u64..1 << 30, unit in 0usize..4) {
            let (name, factor) = SIZE_UNITS[unit];
            prop_assert_eq!(parse_size(&format!("{number}{name}")), Ok(number * factor));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,40}") {
            let _ = parse_size(&text);
            let _ = parse_duration(&text);
        }
    }
}
