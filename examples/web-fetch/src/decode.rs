//! Bytes to text.

/// Reads the bytes as UTF-8, or as Latin-1 where the content type says so: the two that nearly
/// all of the web uses.
pub(crate) fn decode(bytes: &[u8], content_type: &str) -> String {
    let latin = ["iso-8859-1", "windows-1252", "us-ascii"];
    if latin.iter().any(|charset| content_type.contains(charset)) {
        return bytes.iter().copied().map(char::from).collect();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_decides() {
        assert_eq!(decode(b"\xe4", "text/html; charset=iso-8859-1"), "ä");
        assert_eq!(decode("ä".as_bytes(), "text/html"), "ä");
        assert_eq!(decode(b"a\xff", "text/html; charset=utf-8"), "a\u{fffd}");
    }
}
