//! Finds the frontmatter: the YAML between the first line, `---`, and the next `---`.

use crate::ManifestError;

/// The largest `SKILL.md`, in bytes.
const MAX_FILE: usize = 1 << 20;
/// The largest frontmatter, in bytes.
const MAX_FRONTMATTER: usize = 64 << 10;

/// The two parts of a `SKILL.md`.
pub(super) struct Parts<'a> {
    /// From the first line (`---` itself, a YAML document start) to before the closing one,
    /// so that YAML counts lines as the file does.
    pub(super) yaml: &'a str,
    /// Everything after the closing line: the instructions for the model.
    pub(super) body: &'a str,
}

/// Splits a `SKILL.md`. A byte order mark is skipped; lines may end in `\r\n`.
pub(super) fn split(text: &str) -> Result<Parts<'_>, ManifestError> {
    if text.len() > MAX_FILE {
        return Err(too_long("the file", MAX_FILE));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if !is_fence(first) {
        return Err(ManifestError::new(
            Some(1),
            "the frontmatter is missing",
            "Begin the file with a line `---`, then name and description, then another line `---`.",
        ));
    }
    let mut end = first.len();
    for line in lines {
        if is_fence(line) {
            return parts(&text[..end], &text[end + line.len()..]);
        }
        end += line.len();
    }
    Err(ManifestError::new(
        Some(1),
        "the frontmatter, begun here, has no end",
        "Close it with a line that holds nothing but `---`.",
    ))
}

/// `text` with quotes around the plain top-level values that hold `: `, which YAML refuses and
/// other systems let pass: `description: Use this: often`. None where there are none.
pub(super) fn with_quoted_values(text: &str) -> Option<String> {
    let parts = split(text).ok()?;
    let quoted: String = parts
        .yaml
        .split_inclusive('\n')
        .map(with_quoted_value)
        .collect();
    (quoted != parts.yaml).then(|| format!("{quoted}---\n{}", parts.body))
}

fn with_quoted_value(line: &str) -> String {
    let is_key = |key: &str| {
        key.chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    match line.trim_end().split_once(": ") {
        Some((key, value))
            if is_key(key) && value.contains(": ") && !value.starts_with(YAML_INDICATORS) =>
        {
            // A JSON string is a YAML string in double quotes.
            format!("{key}: {}\n", serde_json::Value::from(value.trim()))
        }
        _ => line.to_owned(),
    }
}

/// What a value begins with that is more than plain text.
const YAML_INDICATORS: [char; 10] = ['"', '\'', '|', '>', '[', '{', '&', '*', '!', '#'];

fn parts<'a>(yaml: &'a str, body: &'a str) -> Result<Parts<'a>, ManifestError> {
    if yaml.len() > MAX_FRONTMATTER {
        return Err(too_long("the frontmatter", MAX_FRONTMATTER));
    }
    Ok(Parts { yaml, body })
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}

fn too_long(what: &str, limit: usize) -> ManifestError {
    ManifestError::new(
        None,
        format!("{what} is longer than {limit} bytes"),
        "Move text into files under references/.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_what_follows_the_closing_line() {
        let parts = split("\u{feff}---\r\nname: a\r\n---\r\n\r\n# A\n---\n").unwrap();
        assert_eq!(parts.yaml, "---\r\nname: a\r\n");
        assert_eq!(parts.body, "\r\n# A\n---\n");
    }

    #[test]
    fn a_file_without_frontmatter_is_told_how_to_begin() {
        for text in ["", "# Title\n", "\n---\nname: a\n---\n"] {
            let error = split(text).err().unwrap();
            assert_eq!(error.line, Some(1));
            assert!(
                error
                    .to_string()
                    .starts_with("SKILL.md:1: the frontmatter is missing. Begin")
            );
        }
        let error = split("---\nname: a\n").err().unwrap();
        assert!(error.to_string().contains("Close it with a line"));
    }

    #[test]
    fn sizes_are_bounded() {
        let long = format!("---\nname: a\n---\n{}", "x".repeat(MAX_FILE));
        assert!(split(&long).err().unwrap().message.contains("longer than"));
        let long = format!("---\nname: {}\n---\n", "x".repeat(MAX_FRONTMATTER));
        assert!(
            split(&long)
                .err()
                .unwrap()
                .message
                .contains("the frontmatter is longer")
        );
    }
}
