//! Reads YAML within budgets, and says in our words what is wrong with it.

use serde::de::DeserializeOwned;
use serde_saphyr::options::{AliasLimits, MergeKeyPolicy};
use serde_saphyr::{Budget, Error, Options};

use crate::ManifestError;

/// How much of YAML is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// What others wrote: all of YAML, within budgets.
    Any,
    /// What the reference validator (`skills-ref`) also reads: block style, no anchors, no merge keys.
    Block,
}

/// Reads `yaml`, whose first line is line 1 of the file, as a `T`.
pub(super) fn read<T: DeserializeOwned>(yaml: &str, dialect: Dialect) -> Result<T, ManifestError> {
    serde_saphyr::from_str_with_options(yaml, options(dialect)).map_err(|error| explain(&error))
}

/// Budgets far above any honest frontmatter (64 KiB) and far below harm.
fn options(dialect: Dialect) -> Options {
    let block = dialect == Dialect::Block;
    let mut budget = Budget::default();
    budget.max_depth = 32;
    budget.max_nodes = 10_000;
    budget.max_events = 40_000;
    budget.max_documents = 1;
    budget.max_anchors = if block { 0 } else { 100 };
    budget.max_aliases = if block { 0 } else { 100 };
    budget.flow_nesting_limit = if block { 0 } else { 32 };
    let mut aliases = AliasLimits::default();
    aliases.max_total_replayed_events = 10_000;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits = aliases;
    options.strict_booleans = true;
    options.with_snippet = false;
    if block {
        options.merge_keys = MergeKeyPolicy::Error;
    }
    options
}

fn explain(error: &Error) -> ManifestError {
    let error = error.without_snippet();
    let line = error
        .location()
        .and_then(|location| usize::try_from(location.line()).ok())
        .filter(|line| *line > 0);
    let (message, remedy) = words(error);
    ManifestError::new(line, message, remedy)
}

fn words(error: &Error) -> (String, String) {
    match error {
        Error::SerdeUnknownField {
            field, expected, ..
        } => (
            format!("unknown key `{}`", crate::error::shown(field)),
            format!("Remove it, or write one of: {}.", expected.join(", ")),
        ),
        Error::SerdeUnknownVariant {
            variant, expected, ..
        } => (
            format!("`{}` is not possible here", crate::error::shown(variant)),
            format!("Write one of: {}.", expected.join(", ")),
        ),
        Error::SerdeMissingField { field, .. } => (
            format!("the key `{field}` is missing"),
            format!("Add `{field}:` with its value."),
        ),
        Error::DuplicateMappingKey { key, .. } => (
            format!(
                "the key `{}` stands twice",
                crate::error::shown(key.as_deref().unwrap_or("?"))
            ),
            "Remove one of the two.".into(),
        ),
        Error::SerdeInvalidType {
            unexpected,
            expected,
            ..
        }
        | Error::SerdeInvalidValue {
            unexpected,
            expected,
            ..
        } => (
            format!(
                "{} stands where {expected} belongs",
                crate::error::shown(unexpected)
            ),
            CORRECT.into(),
        ),
        Error::Message { msg, .. } => (msg.clone(), CORRECT.into()),
        Error::Unexpected { expected, .. } => {
            (format!("{} belongs here", ours(expected)), CORRECT.into())
        }
        Error::InvalidScalar { ty, .. } => (format!("{} belongs here", ours(ty)), CORRECT.into()),
        Error::AliasError { error, .. } => words(error),
        Error::Budget { .. } => (
            "the YAML is larger, deeper, or has more anchors (&) and aliases (*) than is read"
                .into(),
            BLOCK_STYLE.into(),
        ),
        other => (
            format!("the YAML cannot be read: {}", first_line(other)),
            BLOCK_STYLE.into(),
        ),
    }
}

const CORRECT: &str = "Correct the value.";
const BLOCK_STYLE: &str = "Write plain block-style YAML: one `key: value` a line, nested by two spaces, lists with `- `, \
     no `{}` or `[]`, texts with `: ` in quotes.";

/// The parser's name of a kind of value, in the words of somebody who writes YAML.
fn ours(kind: &str) -> &str {
    match kind {
        "mapping start" => "a mapping (lines `key: value`, indented)",
        "sequence start" => "a list (lines `- item`)",
        "string scalar" => "a text",
        "u64" => "a whole number, not below zero,",
        other => other,
    }
}

/// The parser's own words end in a position, which the error names itself.
fn first_line(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let end = line.find(" at line ").unwrap_or(line.len());
    match line[..end].trim_start_matches("error: ") {
        // With no flow style allowed, this is said of the first bracket.
        "recursion limit exceeded" => "`{}` or `[]`, or too many of them in each other".to_owned(),
        text => text.to_owned(),
    }
}
