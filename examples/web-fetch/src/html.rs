//! HTML to text: one pass over the tags, no tree. Forgiving, as pages are; never fails.

mod writer;

use crate::entities;
use writer::Writer;

/// What these hold is no text for a reader.
const SKIPPED: [&str; 9] = [
    "script", "style", "noscript", "template", "svg", "iframe", "object", "select", "math",
];

/// The title and the text of a page. Headings begin with `#`, list items with `-`.
pub(crate) fn text(html: &str) -> String {
    let mut writer = Writer::default();
    let mut rest = html;
    while let Some(place) = rest.find('<') {
        writer.text(&entities::decode(&rest[..place]));
        rest = &rest[place..];
        rest = match Tag::at(rest) {
            Some(tag) => {
                let after = &rest[tag.length..];
                element(&tag, after, &mut writer)
            }
            None => match comment(rest) {
                Some(after) => after,
                None => {
                    writer.text("<");
                    &rest[1..]
                }
            },
        };
    }
    writer.text(&entities::decode(rest));
    writer.finish()
}

/// Writes what a tag stands for; gives what follows the tag or, where its content is skipped,
/// the element.
fn element<'a>(tag: &Tag, after: &'a str, writer: &mut Writer) -> &'a str {
    let name = tag.name.as_str();
    if !tag.closing && SKIPPED.contains(&name) {
        return until_closed(after, name).1;
    }
    match (name, tag.closing) {
        ("title", false) => {
            let (title, after) = until_closed(after, name);
            writer.title(&entities::decode(title));
            return after;
        }
        ("br", _) => writer.line(),
        ("hr", _) => writer.paragraph(),
        ("li", false) => writer.item(),
        ("li" | "tr" | "dt" | "dd" | "option", _) => writer.line(),
        ("td" | "th", _) => writer.text(" "),
        ("pre", closing) => writer.preformatted(!closing),
        ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", false) => {
            writer.heading(usize::from(name.as_bytes()[1] - b'0'));
        }
        _ if is_block(name) => writer.paragraph(),
        _ => {}
    }
    after
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "aside"
            | "table"
            | "ul"
            | "ol"
            | "dl"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "blockquote"
            | "figure"
            | "figcaption"
            | "form"
            | "details"
            | "summary"
            | "body"
    )
}

/// What stands before `</name`, and what after its `>`.
fn until_closed<'a>(text: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut from = 0;
    while let Some(place) = text[from..].find("</") {
        let start = from + place;
        let named = text.as_bytes().get(start + 2..start + 2 + name.len());
        // The name first: it costs nothing, and looking for the end of every tag may.
        if named.is_some_and(|named| named.eq_ignore_ascii_case(name.as_bytes()))
            && let Some(tag) = Tag::at(&text[start..])
            && tag.name == name
        {
            return (&text[..start], &text[start + tag.length..]);
        }
        from = start + 2;
    }
    (text, "")
}

/// What follows a comment or a declaration; nothing when it is none.
fn comment(text: &str) -> Option<&str> {
    if let Some(inside) = text.strip_prefix("<!--") {
        return Some(inside.split_once("-->").map_or("", |(_, after)| after));
    }
    let declaration = text.starts_with("<!") || text.starts_with("<?") || text.starts_with("</");
    declaration.then(|| text.split_once('>').map_or("", |(_, after)| after))
}

/// A tag at the beginning of a text.
struct Tag {
    /// In lower case.
    name: String,
    closing: bool,
    /// In bytes, with its brackets.
    length: usize,
}

impl Tag {
    fn at(text: &str) -> Option<Self> {
        let inside = text.strip_prefix('<')?;
        let (closing, inside) = match inside.strip_prefix('/') {
            Some(inside) => (true, inside),
            None => (false, inside),
        };
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let name_length = inside
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(inside.len());
        let name = inside[..name_length].to_ascii_lowercase();
        let length = text.len() - inside.len() + tag_end(inside);
        Some(Self {
            name,
            closing,
            length,
        })
    }
}

/// How many bytes there are up to and with the tag's `>`, which may stand in quotes before.
fn tag_end(inside: &str) -> usize {
    let mut quote = None;
    for (place, byte) in inside.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return place + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    inside.len()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn blocks_lists_and_headings_keep_their_shape() {
        assert_eq!(text("<p>a\n  b</p><p>c"), "a b\n\nc");
        assert_eq!(text("<div><div><h2>T</h2></div></div><p>x"), "## T\n\nx");
        assert_eq!(text("<ul><li>a</li><li>b</li></ul>"), "- a\n- b");
        assert_eq!(text("<table><tr><td>a<td>b<tr><td>c</table>"), "a b\nc");
        assert_eq!(text("a <b>bold</b>, <i>word</i>"), "a bold, word");
    }

    #[test]
    fn preformatted_text_keeps_its_spaces() {
        assert_eq!(text("<p>x<pre>a\n  b</pre>y"), "x\n\na\n  b\n\ny");
    }

    #[test]
    fn what_is_not_for_readers_is_left_out() {
        assert_eq!(text("a<script>var x = '</p>' < 1;</script>b"), "ab");
        assert_eq!(text("a<!-- <p>x</p> -->b<!doctype html>"), "ab");
        assert_eq!(text("<SVG><text>x</text></SVG>a"), "a");
        assert_eq!(text("<a title='x > y' href=\"z\">link</a>"), "link");
    }

    #[test]
    fn broken_pages_give_what_they_hold() {
        assert_eq!(text("a < b <"), "a < b <");
        assert_eq!(text("a<p"), "a");
        assert_eq!(text("a<script>b"), "a");
        assert_eq!(text("a<!-- b"), "a");
        assert_eq!(text(""), "");
        assert_eq!(text("</>x"), "x");
    }
}
