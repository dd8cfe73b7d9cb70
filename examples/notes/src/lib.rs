//! Notes that outlive a conversation: what a note is about in the key-value store, its text in a file.

mod date;
mod note;
mod store;
mod tools;

skillgate_sdk::skill!(
    tools::add::add,
    tools::list::list,
    tools::search::search,
    tools::read::read,
    tools::delete::delete,
);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use skillgate_sdk::ToolError;

    fn json_of(tool: &str, arguments: Value) -> Value {
        let output = call(tool, arguments).unwrap();
        serde_json::from_str(&output.text()).unwrap()
    }

    fn add(title: &str, text: &str) -> Value {
        json_of("add", json!({ "title": title, "text": text }))
    }

    #[test]
    fn a_note_is_kept_and_read() {
        let note = add("  Shopping ", "milk, eggs");
        assert_eq!(note["id"], 1);
        assert_eq!(note["title"], "Shopping");
        assert_eq!(json_of("list", json!({}))["notes"], json!([note]));
        let read = call("read", json!({ "id": 1 })).unwrap().text();
        assert!(read.starts_with("Shopping (note 1, "), "{read}");
        assert!(read.ends_with("\n\nmilk, eggs"), "{read}");
    }

    #[test]
    fn numbers_are_not_used_twice() {
        add("a", "x");
        add("b", "x");
        call("delete", json!({ "id": 2 })).unwrap();
        assert_eq!(add("c", "x")["id"], 3);
    }

    #[test]
    fn search_wants_all_words_in_title_or_text() {
        add("Recipe", "Pancakes need MILK and flour");
        add("Shopping", "milk");
        let found = |query: &str| {
            let found = json_of("search", json!({ "query": query }));
            let notes = found["notes"].as_array().cloned().unwrap_or_default();
            notes
                .iter()
                .map(|note| note["id"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("milk"), [1, 2]);
        assert_eq!(found("Milk shopping"), [2]);
        assert_eq!(found("pancakes"), [1]);
        assert!(found("tea").is_empty());
    }

    #[test]
    fn a_hit_shows_the_words_around_it() {
        add(
            "long",
            &format!("{} needle {}", "ä ".repeat(500), "ö ".repeat(500)),
        );
        let hit = &json_of("search", json!({ "query": "NEEDLE" }))["notes"][0];
        let excerpt = hit["excerpt"].as_str().unwrap();
        assert!(
            excerpt.contains("needle") && excerpt.chars().count() < 200,
            "{excerpt}"
        );
        assert!(
            excerpt.starts_with('…') && excerpt.ends_with('…'),
            "{excerpt}"
        );
    }

    #[test]
    fn a_deleted_note_is_gone() {
        add("a", "x");
        assert_eq!(
            call("delete", json!({ "id": 1 })).unwrap().text(),
            "Deleted note 1, \"a\"."
        );
        assert_eq!(json_of("list", json!({}))["notes"], json!([]));
        for tool in ["read", "delete"] {
            let error = call(tool, json!({ "id": 1 })).unwrap_err();
            let message = "there is no note 1; `list` gives the notes there are";
            assert_eq!(error, ToolError::invalid_arguments(message));
        }
    }

    #[test]
    fn empty_and_oversized_notes_are_refused() {
        for (title, text) in [("", "x"), (" ", "x"), ("a", ""), ("a", " ")] {
            let error = call("add", json!({ "title": title, "text": text })).unwrap_err();
            assert!(error.message().contains("is empty"), "{error}");
        }
        let long = "x".repeat(201);
        let error = call("add", json!({ "title": long, "text": "x" })).unwrap_err();
        assert!(error.message().contains("at most 200"), "{error}");
        let error = call("search", json!({ "query": " " })).unwrap_err();
        assert!(error.message().contains("is empty"), "{error}");
    }
}
