//! The numbers of versions: semantic versions (<https://semver.org>).

use semver::Version as Semver;

use crate::StoreError;

/// Which number a version gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionNumber {
    /// This semantic version.
    Named(String),
    /// That of the latest version where the contents are the same; else its successor with the patch number raised, and 1.0.0
    /// for a skill that has none. Decided within the transaction, so that of two at once each gets its own.
    Next,
}

/// The first version of a skill whose publisher names none.
pub(crate) const FIRST_VERSION: &str = "1.0.0";

impl From<&str> for VersionNumber {
    fn from(version: &str) -> Self {
        Self::Named(version.to_owned())
    }
}

impl From<String> for VersionNumber {
    fn from(version: String) -> Self {
        Self::Named(version)
    }
}

impl VersionNumber {
    /// The number that a skill without versions starts with.
    pub(crate) fn first(&self) -> &str {
        match self {
            Self::Named(version) => version,
            Self::Next => FIRST_VERSION,
        }
    }
}

/// The version that follows `version` when nothing says how much changed: its patch number is raised.
///
/// # Errors
/// [`StoreError::Invalid`] when it is no semantic version.
pub(crate) fn next_patch_version(version: &str) -> Result<String, StoreError> {
    let Semver {
        major,
        minor,
        patch,
        ..
    } = parse_version(version)?;
    let patch = patch
        .checked_add(1)
        .ok_or_else(|| StoreError::Invalid(format!("no version follows {version}")))?;
    Ok(Semver::new(major, minor, patch).to_string())
}

/// Reads a semantic version.
///
/// # Errors
/// [`StoreError::Invalid`] when it is none.
pub(crate) fn parse_version(version: &str) -> Result<Semver, StoreError> {
    Semver::parse(version).map_err(|error| {
        StoreError::Invalid(format!(
            "`{}` is no semantic version such as 1.0.0: {error}",
            version.escape_debug()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_version_raises_the_patch_number_and_is_no_candidate() {
        for (version, next) in [
            ("1.0.0", "1.0.1"),
            ("2.3.9", "2.3.10"),
            ("1.0.0-rc.1+b", "1.0.1"),
        ] {
            assert_eq!(next_patch_version(version).unwrap(), next);
        }
        let last = format!("1.0.{}", u64::MAX);
        for none in [last.as_str(), "one", ""] {
            let refused = next_patch_version(none);
            assert!(matches!(refused, Err(StoreError::Invalid(_))), "{none}");
        }
    }
}
