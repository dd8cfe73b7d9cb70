//! A swarm's name for programs.

use crate::config::MAX_SWARM_SLUG_CHARS;

/// The slug of a name: its ASCII letters and digits in lower case, `-` between words, cut to [`MAX_SWARM_SLUG_CHARS`]; `swarm`
/// for a name that has none of them.
pub(super) fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    // ASCII alone, so that every place is between two characters.
    slug.truncate(MAX_SWARM_SLUG_CHARS);
    match slug.trim_end_matches('-') {
        "" => "swarm".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_plain_and_never_empty() {
        for (name, slug) in [
            ("Growth", "growth"),
            ("  R&D -- Team 7! ", "r-d-team-7"),
            ("Équipe", "quipe"),
            ("日本", "swarm"),
            ("---", "swarm"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
        assert_eq!(slug_of(&"ab ".repeat(40)).len(), 59);
    }
}
