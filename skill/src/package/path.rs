//! Paths that mean the same on every system and stay inside the package.

use std::collections::BTreeMap;

use crate::{GrammarError, PackageError};

const LONGEST: usize = 255;
const LONGEST_NAME: usize = 128;
const DEEPEST: usize = 16;
const REMEDY: &str = "Rename the file, or leave it out.";

/// A relative path with `/` between names: at most 255 bytes, 16 names of at most 128 bytes; no
/// empty name, `.`, `..`, backslash, colon or control character, no name that ends in a dot or space.
///
/// # Errors
/// When `path` is something else.
pub fn check_path(path: &str) -> Result<(), GrammarError> {
    let wrong = |problem| Err(GrammarError::new("an acceptable path", path, problem));
    if path.is_empty() || path.len() > LONGEST {
        return wrong("it must have 1 to 255 bytes");
    }
    if path.starts_with('/') {
        return wrong("it must be relative, without / at its beginning");
    }
    if path.contains(['\\', ':']) {
        return wrong("it must not hold a backslash or colon");
    }
    if path.contains(char::is_control) {
        return wrong("it must not hold control characters");
    }
    if path.split('/').count() > DEEPEST {
        return wrong("it must not be deeper than 16 names");
    }
    path.split('/').find_map(name_problem).map_or(Ok(()), wrong)
}

fn name_problem(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("it must not hold an empty name"),
        "." | ".." => Some("it must not hold . or .. as a name"),
        _ if name.len() > LONGEST_NAME => Some("no name in it may be longer than 128 bytes"),
        _ if name.ends_with(['.', ' ']) => Some("no name in it may end in a dot or space"),
        _ => None,
    }
}

/// Checks each path, and all against each other: no two that a file system without regard to case
/// takes for one, no file where another path has a folder.
pub(super) fn check_paths<'a>(paths: impl Iterator<Item = &'a str>) -> Result<(), PackageError> {
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    for path in paths {
        check_path(path).map_err(|error| PackageError::entry(path, error.to_string(), REMEDY))?;
        if let Some(other) = folded.insert(path.to_lowercase(), path) {
            let problem = format!("its name differs from {other} in nothing but case");
            return Err(PackageError::entry(path, problem, REMEDY));
        }
    }
    for (lower, path) in &folded {
        let above = lower.match_indices('/').map(|(at, _)| &lower[..at]);
        if let Some(file) = above.filter_map(|folder| folded.get(folder)).next() {
            let problem = format!("it lies below {file}, which is a file");
            return Err(PackageError::entry(path, problem, REMEDY));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_are_accepted() {
        for path in [
            "SKILL.md",
            "references/a b.md",
            "assets/.hidden",
            "a/b/c/ü.txt",
            "x.tar.gz",
        ] {
            assert_eq!(check_path(path), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_that_escape_or_differ_by_system_are_refused() {
        let deep = "a/".repeat(16) + "a";
        let long = "a".repeat(129);
        for path in [
            "",
            "/etc/passwd",
            "../a",
            "a/../b",
            "a/..",
            ".",
            "./a",
            "a//b",
            "a/",
            "a\\b",
            "C:a",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            "a./b",
            "a /b",
            &deep,
            &long,
            &"a/b".repeat(100),
        ] {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }

    #[test]
    fn colliding_paths_are_refused() {
        let check =
            |paths: &[&str]| check_paths(paths.iter().copied()).map_err(|error| error.to_string());
        assert!(check(&["a", "b", "c/a"]).is_ok());
        assert!(
            check(&["Read.md", "read.MD"])
                .unwrap_err()
                .contains("nothing but case")
        );
        assert!(check(&["É", "é"]).unwrap_err().contains("nothing but case"));
        assert!(
            check(&["a", "a/b"])
                .unwrap_err()
                .contains("a/b: it lies below a, which is a file")
        );
        assert!(check(&["A", "a/b/c"]).is_err());
    }
}
