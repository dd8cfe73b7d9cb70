//! Grants in files: `permissions:` as in SKILL.md, without its parents.

use std::path::Path;

use anyhow::Context;
use skillgate_skill::{Manifest, Permissions};

use crate::exit::{Exit, OrExit, Outcome};
use crate::output::indent;

/// The frontmatter that a grant is read inside of: one parser, one grammar.
const BEFORE: &str =
    "---\nname: grant\ndescription: A grant.\nmetadata:\n  version: \"0.0.0\"\n  skillgate:\n";
/// The number of lines in [`BEFORE`].
const LINES_BEFORE: usize = 6;

/// Reads a grant.
///
/// # Errors
/// There is no such file (exit code 4), or a line of it is wrong.
pub(crate) fn read(path: &Path) -> Outcome<Permissions> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {}", path.display()))
        .or_exit(Exit::NotFound)?;
    parse(&text)
        .with_context(|| path.display().to_string())
        .or_exit(Exit::Usage)
}

/// A text of nothing but `permissions:` and what stands under it, as a denial prints it. An empty one grants nothing.
fn parse(text: &str) -> anyhow::Result<Permissions> {
    let content = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let mut top = text
        .lines()
        .filter(content)
        .filter(|line| !line.starts_with([' ', '-']))
        .peekable();
    if top.peek().is_none() {
        return Ok(Permissions::default());
    }
    if let Some(other) = top.find(|line| !line.starts_with("permissions:")) {
        anyhow::bail!(
            "{other:?} does not belong into a grant: it begins with `permissions:` and holds nothing else"
        );
    }
    let text = indent(text, 4);
    match Manifest::parse_strict(&format!("{BEFORE}{text}---\n")) {
        Ok(manifest) => Ok(manifest.permissions),
        Err(error) => {
            let line = error
                .line
                .map(|line| format!("line {}: ", line.saturating_sub(LINES_BEFORE)));
            anyhow::bail!(
                "{}{}. {}",
                line.unwrap_or_default(),
                error.message,
                error.remedy
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_denial_prints() {
        let text = "# for the weather\npermissions:\n  http:\n    - GET https://api.weather.gov/points/*\n  kv:\n    quota: 1MiB\n";
        let granted = parse(text).unwrap();
        assert_eq!(granted.http.len(), 1);
        assert_eq!(granted.kv.unwrap().quota, 1 << 20);
        assert_eq!(parse(&granted.to_grant_yaml()).unwrap(), granted);
    }

    #[test]
    fn nothing_grants_nothing() {
        assert!(parse("\n# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn only_permissions_can_be_granted() {
        let error =
            parse("permissions:\n  kv:\n    quota: 1MiB\nlimits:\n  memory: 1MiB\n").unwrap_err();
        assert!(error.to_string().contains("limits:"), "{error}");
    }

    #[test]
    fn an_error_names_the_line_of_the_file() {
        let error =
            parse("permissions:\n  kv:\n    quota: 1MiB\n  httpp:\n    - GET https://a.b/\n")
                .unwrap_err();
        assert!(error.to_string().starts_with("line 4: "), "{error}");
    }
}
