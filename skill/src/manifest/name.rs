//! Names: of a skill, of a tool, of a secret or a configuration key.

use crate::GrammarError;

/// A skill's name: 1 to 64 of `a-z`, `0-9` and single hyphens between them.
///
/// Source: the Agent Skills specification, field `name`.
///
/// # Errors
/// When `name` is something else.
pub fn check_skill_name(name: &str) -> Result<(), GrammarError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let hyphens_between = !name.starts_with('-') && !name.ends_with('-') && !name.contains("--");
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) && hyphens_between {
        return Ok(());
    }
    let form = "write 1 to 64 of a-z and 0-9, with single hyphens between them";
    Err(GrammarError::new("a skill's name", name, form))
}

/// A tool's name: 1 to 64 of `a-z A-Z 0-9 _ -`.
pub(crate) fn check_tool_name(name: &str) -> Result<(), GrammarError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let form = "write 1 to 64 of a-z, A-Z, 0-9, _ and -";
    Err(GrammarError::new("a tool's name", name, form))
}

/// The name of a secret or a configuration key: a letter or `_`, then letters, digits, `_`; at most 64.
pub(crate) fn check_identifier(name: &str) -> Result<(), GrammarError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts_well = !name.starts_with(|c: char| c.is_ascii_digit());
    if (1..=64).contains(&name.len()) && name.chars().all(allowed) && starts_well {
        return Ok(());
    }
    let form = "write 1 to 64 letters, digits and _, not beginning with a digit, such as API_TOKEN";
    Err(GrammarError::new("a name", name, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skill_names() {
        for good in ["a", "weather", "web-fetch", "a1-2b", &"a".repeat(64)] {
            assert_eq!(check_skill_name(good), Ok(()));
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "A",
            "a_b",
            "a b",
            "../a",
            "é",
            &"a".repeat(65),
        ] {
            assert!(check_skill_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn tool_names_and_identifiers() {
        assert_eq!(check_tool_name("get_Forecast-2"), Ok(()));
        assert_eq!(check_identifier("_API_TOKEN2"), Ok(()));
        for bad in ["", "a.b", "a/b", "a b", &"a".repeat(65)] {
            assert!(check_tool_name(bad).is_err(), "{bad}");
            assert!(check_identifier(bad).is_err(), "{bad}");
        }
        assert!(check_identifier("2A").is_err());
        assert!(check_identifier("A-B").is_err());
    }
}
