//! Grants in files: what would stand under `permissions` in SKILL.md.

use std::path::Path;

use anyhow::Context;
use skillgate_skill::{Manifest, Permissions};

use crate::exit::{Exit, OrExit, Outcome};
use crate::output::indent;

/// The frontmatter that a grant is read inside of: one parser, one grammar.
const BEFORE: &str = "---\nname: grant\ndescription: A grant.\nmetadata:\n  version: \"0.0.0\"\n  skillgate:\n    permissions:\n";
/// The number of lines in [`BEFORE`].
const LINES_BEFORE: usize = 7;

/// Reads a grant.
///
/// # Errors
/// There is no such file (exit code 4), or a line of it is wrong.
pub(crate) fn read(path: &Path) -> Outcome<Permissions> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .or_exit(Exit::NotFound)?;
    parse(&text).with_context(|| path.display().to_string()).or_exit(Exit::Usage)
}

/// An empty text grants nothing.
fn parse(text: &str) -> anyhow::Result<Permissions> {
    let text = indent(text, 6);
    if text.trim().is_empty() {
        return Ok(Permissions::default());
    }
    match Manifest::parse_strict(&format!("{BEFORE}{text}---\n")) {
        Ok(manifest) => Ok(manifest.permissions),
        Err(error) => {
            let line = error.line.map(|line| format!("line {}: ", line.saturating_sub(LINES_BEFORE)));
            anyhow::bail!("{}{}. {}", line.unwrap_or_default(), error.message, error.remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_manifest_would() {
        let granted = parse("http:\n  - GET https://api.weather.gov/points/*\nkv:\n  quota: 1MiB\n").unwrap();
        assert_eq!(granted.http.len(), 1);
        assert_eq!(granted.kv.unwrap().quota, 1 << 20);
    }

    #[test]
    fn nothing_grants_nothing() {
        assert!(parse("\n").unwrap().is_empty());
    }

    #[test]
    fn an_error_names_the_line_of_the_file() {
        let error = parse("kv:\n  quota: 1MiB\nhttpp:\n  - GET https://a.b/\n").unwrap_err().to_string();
        assert!(error.starts_with("line 3: "), "{error}");
    }
}
