//! SKILL.md: what is read, what is refused, and in which words.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use skillgate_skill::{ConfigType, Manifest};

use crate::WEATHER;

fn with(from: &str, to: &str) -> String {
    assert!(WEATHER.contains(from), "{from}");
    WEATHER.replacen(from, to, 1)
}

/// The line of `text`, counted from 1, on which `part` stands first.
fn line_of(text: &str, part: &str) -> usize {
    text[..text.find(part).unwrap()].matches('\n').count() + 1
}

fn refused(text: &str) -> String {
    Manifest::parse_strict(text).unwrap_err().to_string()
}

#[test]
fn a_complete_manifest_is_read() {
    let manifest = Manifest::parse_strict(WEATHER).unwrap();
    assert_eq!(manifest.name, "weather");
    assert_eq!(
        manifest.description,
        "Tells the weather: now, and for the next days."
    );
    assert_eq!(manifest.version.as_deref(), Some("1.2.0"));
    assert_eq!(manifest.author.as_deref(), Some("acme"));
    assert_eq!(manifest.allowed_tools, ["Bash(git add:*)", "Read"]);
    assert_eq!(manifest.category.as_deref(), Some("productivity"));
    assert_eq!(manifest.limits.memory, Some(64 << 20));
    assert_eq!(manifest.limits.timeout, Some(Duration::from_secs(10)));
    assert_eq!(manifest.limits.output, Some(256 << 10));
    assert_eq!(manifest.config[0].key, "UNITS");
    assert_eq!(manifest.config[0].kind, ConfigType::String);
    assert_eq!(manifest.metadata["openclaw"], json!({"emoji": "sun"}));
    assert_eq!(
        manifest.permissions.http[0].to_string(),
        "GET https://api.weather.gov/points/*"
    );
    assert_eq!(manifest.body, "# Weather\n\nCall `forecast`.\n");
    assert_eq!(Manifest::parse_lenient(WEATHER).unwrap(), manifest);
}

#[test]
fn tags_and_use_cases_are_short_lists() {
    let listed = |lists: &str| with("    category:", &format!("{lists}\n    category:"));
    let manifest = Manifest::parse_strict(&listed(
        "    tags:\n      - rain\n    use-cases:\n      - What to wear",
    ));
    let manifest = manifest.unwrap();
    assert_eq!(manifest.tags, ["rain"]);
    assert_eq!(manifest.use_cases, ["What to wear"]);

    let many = format!("    tags:{}", "\n      - rain".repeat(21));
    assert!(refused(&listed(&many)).contains("`tags` has 21 entries"));
    for long in [51, 0] {
        let text = listed(&format!(
            "    tags:\n      - rain\n      - \"{}\"",
            "x".repeat(long)
        ));
        let line = line_of(&text, "      - \"");
        assert!(refused(&text).starts_with(&format!("SKILL.md:{line}: an entry of `tags`")));
    }
}

#[test]
fn an_author_has_a_length() {
    let named = |length| with("author: acme", &format!("author: {}", "a".repeat(length)));
    let manifest = Manifest::parse_strict(&named(200)).unwrap();
    assert_eq!(manifest.author.map(|author| author.len()), Some(200));
    let message = refused(&named(201));
    assert!(
        message.contains("metadata.author") && message.contains("201"),
        "{message}"
    );
}

#[test]
fn the_least_manifest_asks_for_nothing() {
    let manifest = Manifest::parse_lenient("---\nname: a\ndescription: b\n---\n").unwrap();
    assert!(manifest.permissions.is_empty());
    assert_eq!(manifest.version, None);
    assert_eq!(manifest.metadata, json!({}));
}

#[test]
fn what_others_wrote_is_kept() {
    let text = "---\r\nname: other\r\ndescription: >\r\n  Folded\r\n  text.\r\nversion: 1.0\r\nhomepage: https://example.com\r\n\
        metadata: {\"clawdbot\": {\"requires\": {\"bins\": [\"git\"]}}, \"clawdis\": {}}\r\nallowed-tools: [Read, Write]\r\n\
        user-invocable: yes\r\n---\r\nBody\r\n";
    let manifest = Manifest::parse_lenient(text).unwrap();
    assert_eq!(manifest.description.trim(), "Folded text.");
    assert_eq!(manifest.version.as_deref(), Some("1.0"));
    assert_eq!(manifest.extra["homepage"], "https://example.com");
    assert_eq!(manifest.extra["user-invocable"], "yes");
    assert_eq!(manifest.metadata["clawdbot"]["requires"]["bins"][0], "git");
    assert_eq!(manifest.allowed_tools, ["Read", "Write"]);
}

#[test]
fn a_text_with_a_colon_may_lack_its_quotes_in_what_others_wrote() {
    let text = "---\nname: other\ndescription: Use it when: \"asked\"\nlicense: MIT\n---\nBody\n";
    let manifest = Manifest::parse_lenient(text).unwrap();
    assert_eq!(manifest.description, "Use it when: \"asked\"");
    assert_eq!(
        (manifest.license.as_deref(), manifest.body.as_str()),
        (Some("MIT"), "Body\n")
    );
    assert!(refused(text).starts_with("SKILL.md:3: the YAML cannot be read"));
}

#[test]
fn a_plain_number_is_a_version_as_it_is_written() {
    let text = "---\nname: a\ndescription: b\nmetadata:\n  version: 1.10\n---\n";
    assert_eq!(
        Manifest::parse_lenient(text).unwrap().version.as_deref(),
        Some("1.10")
    );
}

#[test]
fn an_unknown_key_of_ours_names_its_line_in_both_readings() {
    for (from, to, known) in [
        (
            "    category:",
            "    kategory:",
            "category, tags, use-cases, permissions, limits, config",
        ),
        ("      kv:", "      kvs:", "http, secrets, files"),
        (
            "          inject:",
            "          injekt:",
            "name, inject, host",
        ),
        ("        quota: 1MiB", "        size: 1MiB", "quota"),
        ("      memory:", "      memori:", "memory, timeout, output"),
        (
            "        default:",
            "        defautl:",
            "key, type, default, description",
        ),
    ] {
        let text = with(from, to);
        for error in [
            Manifest::parse_strict(&text),
            Manifest::parse_lenient(&text),
        ] {
            let error = error.unwrap_err().to_string();
            let line = line_of(&text, to);
            let key = to.trim().split(':').next().unwrap();
            assert!(
                error.starts_with(&format!("SKILL.md:{line}: unknown key `{key}`. ")),
                "{error}"
            );
            assert!(error.contains(known), "{error}");
        }
    }
}

#[test]
fn wrong_values_name_line_and_remedy() {
    for (from, to, begins, says) in [
        (
            "name: weather",
            "name: Weather",
            "`Weather` is not a skill's name",
            "write 1 to 64",
        ),
        (
            "GET https",
            "get https",
            "`get https://api",
            "upper-case letters",
        ),
        (
            "inject: bearer",
            "inject: cookie",
            "`cookie` is not a way to send",
            "`basic <user>`",
        ),
        (
            "host: api.weather.gov",
            "host: \"*.gov.uk\"",
            "",
            "a secret goes to one host",
        ),
        (
            "path: cache",
            "path: ../cache",
            "`../cache` is not an acceptable path",
            "..",
        ),
        (
            "read-write",
            "write",
            "`write` is not possible here",
            "read-only, read-write",
        ),
        ("10MiB", "10MB", "`10MB` is not a size", "such as 10MiB"),
        (
            "knowledge: read",
            "knowledge: all",
            "`all` is not possible here",
            "read, write",
        ),
        (
            "tokens: 2000",
            "tokens: -1",
            "a whole number, not below zero, belongs here",
            "Correct",
        ),
        ("quota: 1MiB", "quota: [1]", "", "block-style"),
        (
            "timeout: 10s",
            "timeout: 10",
            "`10` is not a duration",
            "such as 10s",
        ),
        (
            "type: string",
            "type: text",
            "`text` is not possible here",
            "string, integer",
        ),
        ("\"1.2.0\"", "\"1.2\"", "`1.2` is no version", "semver.org"),
        (
            "license: MIT",
            "homepage: x",
            "unknown key `homepage`",
            "Move it under `metadata`",
        ),
        (
            "license: MIT",
            "name: b",
            "the key `name` stands twice",
            "Remove one",
        ),
        (
            "license: MIT",
            "license: [MIT]",
            "the YAML cannot be read: `{}` or `[]`",
            "block-style",
        ),
        ("license: MIT", "license: &a MIT", "", "block-style"),
        (
            "license: MIT",
            "license: a: b",
            "the YAML cannot be read",
            "in quotes",
        ),
        (
            "license: MIT",
            "license: \"a\\u0007\"",
            "`license` holds a control character",
            "Remove it",
        ),
    ] {
        let text = with(from, to);
        let error = refused(&text);
        let place = format!("SKILL.md:{}: {begins}", line_of(&text, to));
        assert!(error.starts_with(&place), "{to}: {error}");
        assert!(error.contains(says), "{to}: {error}");
    }
}

#[test]
fn lists_that_name_no_line_name_their_place() {
    let twice = with(
        "        description: metric or imperial\n",
        "      - key: UNITS\n",
    );
    assert!(refused(&twice).contains("the setting `UNITS` is declared twice"));
    let wrong_default = with("type: string", "type: integer");
    assert!(refused(&wrong_default).contains("`metric` is not an integer: `UNITS` must be one"));
    let tool = with("calculator/evaluate", "evaluate");
    assert!(refused(&tool).contains("write skill/tool, such as calculator/evaluate"));
    let many = with("        - UNITS\n", &"        - UNITS\n".repeat(65));
    assert!(refused(&many).contains("65 entries are more than the 64 allowed"));
    let overlap = with(
        "      kv:",
        "        - path: cache/a\n          access: read-only\n          quota: 1B\n      kv:",
    );
    assert!(refused(&overlap).contains("it overlaps with `cache`"));
}

#[test]
fn missing_keys_are_named() {
    for (from, says) in [
        (
            "name: weather\n",
            "SKILL.md: `name` is missing. Add `name:`",
        ),
        (
            "description: \"Tells the weather: now, and for the next days.\"\n",
            "SKILL.md: `description` is missing",
        ),
        (
            "  version: \"1.2.0\"\n",
            "SKILL.md: `metadata.version` is missing. Write `version: \"1.0.0\"`",
        ),
        (
            "          host: api.weather.gov\n",
            "the key `host` is missing. Add `host:`",
        ),
    ] {
        let error = refused(&with(from, ""));
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn texts_have_their_bounds() {
    let long = "x".repeat(1025);
    let description = with("Tells the weather: now, and for the next days.", &long);
    assert!(
        refused(&description).contains("`description` is 1025 characters long, more than 1024")
    );
    assert!(Manifest::parse_lenient(&description).is_ok());
    let empty = with(
        "\"Tells the weather: now, and for the next days.\"",
        "\" \"",
    );
    assert!(refused(&empty).contains("SKILL.md:3: `description` is empty"));
    let compatibility = with("needs access to the internet", &"x".repeat(501));
    assert!(refused(&compatibility).contains("more than 500"));
}

#[test]
fn a_yaml_bomb_is_refused() {
    let mut bomb = "---\nname: a\ndescription: b\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    bomb += "---\n";
    assert!(Manifest::parse_lenient(&bomb).is_err());
    let deep = format!(
        "---\nname: a\ndescription: b\nx: {}{}\n---\n",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert!(Manifest::parse_lenient(&deep).is_err());
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(---\n)?([a-z]{1,8}: ?[^\u{0}]{0,20}\n){0,6}(---\n)?.{0,20}") {
        let _ = Manifest::parse_lenient(&text);
        let _ = Manifest::parse_strict(&text);
    }

    /// One character of a good manifest replaced: whatever is read, the ask grew in no unseen way
    /// (it is well-formed again), and whatever is refused names the file.
    #[test]
    fn a_damaged_manifest_is_read_or_refused(at in 0usize..WEATHER.len(), by in "[ -~\n]") {
        let mut text = WEATHER.to_owned();
        text.replace_range(at..=at, &by);
        match Manifest::parse_strict(&text) {
            Ok(manifest) => prop_assert!(Manifest::parse_lenient(&text).unwrap() == manifest),
            Err(error) => prop_assert!(error.to_string().starts_with("SKILL.md")),
        }
    }
}
