//! How deep JSON is nested, before a parser recurses into it.

/// Tells whether `text` nests arrays and objects deeper than `limit`. Reads each byte once, without
/// recursion; `text` need not be JSON.
pub(crate) fn is_deeper(text: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_deeper;

    #[test]
    fn brackets_count_outside_strings_only() {
        assert!(!is_deeper("[[1]]", 2));
        assert!(is_deeper("[[1]]", 1));
        assert!(!is_deeper(r#"{"a":"[[[[\"[[[["}"#, 1));
        assert!(!is_deeper("[][][]", 1));
        assert!(is_deeper(r#"["\\",["#, 1));
    }

    #[test]
    fn the_depth_of_a_long_text_is_found_without_recursion() {
        assert!(is_deeper(&"[".repeat(1_000_000), 999_999));
        assert!(!is_deeper(&"]".repeat(1_000_000), 1));
    }
}
