//! The typed shape of the frontmatter: the standard keys, and ours under `metadata.skillgate`.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use super::{ConfigKey, Limits};
use crate::Permissions;

/// The standard keys, whatever stands beside them.
#[derive(Deserialize)]
pub(super) struct Standard {
    pub(super) name: Option<Spanned<String>>,
    pub(super) description: Option<Spanned<String>>,
    pub(super) license: Option<Spanned<String>>,
    pub(super) compatibility: Option<Spanned<String>>,
    pub(super) metadata: Option<Metadata>,
    #[serde(rename = "allowed-tools")]
    pub(super) allowed_tools: Option<AllowedTools>,
}

/// The part of `metadata` that has a meaning here.
#[derive(Default, Deserialize)]
pub(super) struct Metadata {
    pub(super) version: Option<Spanned<String>>,
    pub(super) skillgate: Option<Section>,
}

/// `metadata.skillgate`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) category: Option<Spanned<String>>,
    pub(super) tags: Option<Vec<Spanned<String>>>,
    #[serde(rename = "use-cases")]
    pub(super) use_cases: Option<Vec<Spanned<String>>>,
    pub(super) permissions: Option<Permissions>,
    pub(super) limits: Option<Limits>,
    pub(super) config: Option<Vec<ConfigKey>>,
}

/// The standard writes `allowed-tools` as text; others also write a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum AllowedTools {
    Text(String),
    List(Vec<String>),
}

impl AllowedTools {
    /// One entry a tool. A text is split at white space outside parentheses: `Bash(git add:*) Read`.
    pub(super) fn entries(self) -> Vec<String> {
        match self {
            Self::List(entries) => entries,
            Self::Text(text) => split_outside_parentheses(&text),
        }
    }
}

fn split_outside_parentheses(text: &str) -> Vec<String> {
    let mut depth = 0usize;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && (c.is_whitespace() || c == ',')
    })
    .filter(|entry| !entry.is_empty())
    .map(str::to_owned)
    .collect()
}

/// Reads nothing; fails, with its line, at the first top-level key that is not of the standard.
///
/// Source: the reference validator refuses such keys too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "only the names of the fields are of use")]
pub(super) struct OnlyStandardKeys {
    name: Option<IgnoredAny>,
    description: Option<IgnoredAny>,
    license: Option<IgnoredAny>,
    compatibility: Option<IgnoredAny>,
    metadata: Option<IgnoredAny>,
    allowed_tools: Option<IgnoredAny>,
}
