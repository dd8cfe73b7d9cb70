//! The one form of a URL's path in which rules and requests are compared.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What stands encoded when a path is shown in a rule: what a URL cannot hold plainly, `*`, which
/// has a meaning in rules, and `@`, which a rule may not hold.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'*')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'@')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// `path` percent-decoded, with `.` and `..` resolved. It begins with `/`.
///
/// # Errors
/// Says why, when two readers could understand the path differently: an encoded `/` or `\`, a
/// broken escape, bytes that are no UTF-8, control characters, or `;` parameters on a dot segment.
pub(super) fn canonical(path: &str) -> Result<String, &'static str> {
    check_escapes(path)?;
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| "its path is not UTF-8 when decoded")?;
    if decoded.contains('\\') {
        return Err("its path holds a backslash");
    }
    if decoded.contains(char::is_control) {
        return Err("its path holds a control character");
    }
    resolve_dots(&decoded)
}

/// `path`, canonical, as it is written in a rule.
pub(super) fn encoded(path: &str) -> String {
    utf8_percent_encode(path, ENCODED).to_string()
}

fn check_escapes(path: &str) -> Result<(), &'static str> {
    for (at, _) in path.match_indices('%') {
        let digits = path.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err("its path holds a % that begins no escape");
        }
        if digits.eq_ignore_ascii_case(b"2f") || digits.eq_ignore_ascii_case(b"5c") {
            return Err("its path holds an encoded separator (%2F or %5C)");
        }
    }
    Ok(())
}

/// Source: RFC 3986, section 5.2.4. `..` above the root stays at the root.
fn resolve_dots(path: &str) -> Result<String, &'static str> {
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_dots = false;
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        ends_in_dots = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ if segment.starts_with(".;") || segment.starts_with("..;") => {
                return Err("its path holds parameters on a dot segment (..;)");
            }
            _ => kept.push(segment),
        }
    }
    if ends_in_dots {
        kept.push("");
    }
    Ok(format!("/{}", kept.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_escapes_are_resolved() {
        for (path, canonical_path) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/../../a", "/a"),
            ("/%61/%2e%2E/b", "/b"),
            ("/a//b", "/a//b"),
            ("/%E2%82%AC", "/€"),
            ("/%252F", "/%2F"),
        ] {
            assert_eq!(canonical(path).as_deref(), Ok(canonical_path), "{path}");
        }
    }

    #[test]
    fn ambiguous_paths_are_refused() {
        for path in [
            "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a%zz", "/a%", "/a%2", "/%ff", "/a%00",
            "/a%0a", "/..;/b", "/.;x/b",
        ] {
            assert!(canonical(path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        for path in ["/a b", "/100%", "/a*", "/ü/€", "/a?b#c"] {
            assert_eq!(canonical(&encoded(path)).as_deref(), Ok(path));
        }
    }
}
