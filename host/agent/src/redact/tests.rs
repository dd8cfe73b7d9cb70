//! What is found, whatever the chunks are, and how long it takes.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};

use proptest::prelude::*;
use serde_json::json;

use super::spellings::spellings;
use super::{MARK, Redactor};
use crate::{Message, Part, Role};

const SECRET: &str = "s3cr3t/välue+?\"&";

#[test]
fn each_spelling_is_found_at_each_offset() {
    let redactor = Redactor::new([SECRET]);
    for before in ["", "a", "ab", "abc"] {
        let whole = format!("{before}{SECRET}zz");
        for spelled in [
            whole.clone(),
            BASE64_STANDARD.encode(&whole),
            BASE64_URL_SAFE.encode(&whole),
            hex::encode(&whole),
            hex::encode_upper(&whole),
            format!("{before}s3cr3t%2Fv%C3%A4lue%2B%3F%22%26"),
            format!("{before}s3cr3t%2fv%c3%a4lue%2b%3f%22%26"),
            serde_json::Value::from(whole.as_str()).to_string(),
        ] {
            let clean = redactor.redact(&spelled);
            assert!(clean.contains(MARK), "{spelled} became {clean}");
        }
    }
}

#[test]
fn text_around_it_stays() {
    let redactor = Redactor::new([SECRET]);
    let clean = redactor.redact(&format!("key {SECRET}, twice {SECRET}!"));
    assert_eq!(clean, "key [redacted], twice [redacted]!");
    assert_eq!(redactor.redact("nothing here"), "nothing here");
}

#[test]
fn a_value_split_anywhere_is_found() {
    let redactor = Redactor::new([SECRET, "s3cr3t/other-one"]);
    let text = format!("ä {SECRET} s3cr3t/s3cr3t/other-one s3c");
    let cuts: Vec<usize> = (0..=text.len())
        .filter(|&cut| text.is_char_boundary(cut))
        .collect();
    for &first in &cuts {
        for &second in cuts.iter().filter(|&&second| second >= first) {
            let mut stream = redactor.stream();
            let mut clean = stream.push(&text[..first]);
            clean.push_str(&stream.push(&text[first..second]));
            clean.push_str(&stream.push(&text[second..]));
            clean.push_str(&stream.finish());
            assert_eq!(clean, "ä [redacted] s3cr3t/[redacted] s3c");
        }
    }
}

#[test]
fn ordinary_text_is_not_held_back() {
    let redactor = Redactor::new([SECRET]);
    let mut stream = redactor.stream();
    assert_eq!(stream.push("hello"), "hello");
    assert_eq!(stream.push(" s3"), " ");
    assert_eq!(stream.push("ven"), "s3ven");
}

#[test]
fn nothing_is_told_by_debug_and_short_values_are_left_out() {
    assert!(!format!("{:?}", Redactor::new([SECRET])).contains("s3cr3t"));
    assert_eq!(Redactor::new(["12345"]).redact("12345"), "12345");
}

/// What the automaton replaces, told in the simplest way: at each place the longest spelling, else one character.
fn reference(values: &[String], text: &str) -> String {
    let needles: Vec<String> = values
        .iter()
        .filter(|value| value.len() >= 6)
        .flat_map(|value| spellings(value))
        .collect();
    let (mut clean, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let here = needles
            .iter()
            .filter(|needle| rest.starts_with(needle.as_str()));
        let length = here.map(String::len).max();
        match length {
            Some(_) => clean.push_str(MARK),
            None => clean.push(first),
        }
        rest = &rest[length.unwrap_or(first.len_utf8())..];
    }
    clean
}

proptest! {
    /// Few letters and short values, so that values overlap, nest, repeat and share beginnings and ends.
    #[test]
    fn it_replaces_what_the_simplest_search_replaces_whatever_the_chunks_are(
        values in proptest::collection::vec("[abé6]{5,9}", 1..5),
        pieces in proptest::collection::vec("[abé6]{0,12}|[61ab]{0,12}", 0..12),
    ) {
        let redactor = Redactor::new(values.iter().map(String::as_str));
        let expected = reference(&values, &pieces.concat());
        prop_assert_eq!(redactor.redact(&pieces.concat()), expected.as_str());
        let mut stream = redactor.stream();
        let mut clean: String = pieces.iter().map(|piece| stream.push(piece)).collect();
        clean.push_str(&stream.finish());
        prop_assert_eq!(clean, expected);
    }

    #[test]
    fn the_beginning_of_a_text_holds_no_beginning_of_a_value(
        before in "[ab ]{0,40}",
        most in 0_usize..60,
    ) {
        let redactor = Redactor::new([SECRET]);
        let text = format!("{before}{SECRET}{SECRET} and so on, for longer than the longest spelling of it: {}", "x".repeat(100));
        let clean = redactor.redact_beginning(&text, most);
        prop_assert!(clean.len() <= most);
        prop_assert!(!clean.contains("s3c"), "{}", clean);
    }
}

#[tokio::test]
async fn every_string_of_a_message_is_cleaned() {
    let redactor = Redactor::new([SECRET, "12345678"]);
    let parts = vec![
        Part::Text {
            text: SECRET.into(),
        },
        Part::ToolCall {
            id: format!("id {SECRET}"),
            name: SECRET.into(),
            arguments: json!({"deep": [{SECRET: SECRET}], "number": 12345678, "other": 7}),
        },
        Part::Reasoning {
            provider: "p".into(),
            opaque: json!({"thinking": SECRET}),
        },
        Part::Text {
            text: "y".repeat(100_000),
        },
    ];
    let role = Role::Assistant;
    let clean = redactor.redact_message(Message { role, parts }).await;
    let arguments = clean.tool_calls().next().expect("a call").2;
    assert_eq!(
        arguments,
        &json!({"deep": [{MARK: MARK}], "number": MARK, "other": 7})
    );
    let text = serde_json::to_string(&clean).expect("JSON");
    assert!(!text.contains("s3cr3t") && text.matches(MARK).count() == 7);
}

/// Values that begin and end with one another are the hardest: a search that begins anew after each match, or looks
/// for each value by itself, takes the product of text and values: minutes.
#[test]
fn the_time_does_not_grow_with_text_times_values() {
    let begun = std::time::Instant::now();
    let plain = Redactor::new(["abcdef"]);
    assert_eq!(
        plain.redact(&"abcdef".repeat(170_000)),
        MARK.repeat(170_000)
    );
    let long = format!("{}b", "a".repeat(14_000));
    let short = (6..69).map(|length| "a".repeat(length));
    let values: Vec<String> = short.chain([long]).collect();
    let nested = Redactor::new(values.iter().map(String::as_str));
    assert_eq!(nested.redact(&"a".repeat(68_000)), MARK.repeat(1_000));
    // Milliseconds when compiled to run well; the bound leaves room for a busy machine and a build that is not.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
