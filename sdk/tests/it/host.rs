//! The host that a native test sees.

use serde_json::json;
use skillgate_sdk::prelude::*;
use skillgate_sdk::testing;

#[test]
fn keys_are_set_read_listed_and_deleted() {
    kv::set("a", "1").unwrap();
    kv::set_json("b", &json!({ "x": [1] })).unwrap();
    assert_eq!(kv::get("a").unwrap().as_deref(), Some(b"1".as_slice()));
    let value: Option<serde_json::Value> = kv::get_json("b").unwrap();
    assert_eq!(value, Some(json!({ "x": [1] })));
    assert_eq!(kv::keys().unwrap(), ["a", "b"]);
    kv::delete("a").unwrap();
    assert!(!kv::exists("a").unwrap() && kv::exists("b").unwrap());
    assert_eq!(kv::get_json::<u8>("a").unwrap(), None);
}

#[test]
fn a_value_of_another_type_names_its_key() {
    kv::set("a", "not json").unwrap();
    let error = kv::get_json::<u8>("a").unwrap_err();
    assert!(error.message().contains("`a`"), "{error}");
}

#[test]
fn a_request_reaches_the_handler_as_it_was_made() {
    testing::respond_with(|request| {
        assert_eq!(
            (request.method(), request.url()),
            ("POST", "https://example.com/x")
        );
        assert_eq!(
            request.header_value("Content-Type"),
            Some("application/json")
        );
        assert_eq!(request.header_value("x-a"), Some("b"));
        Ok(testing::page(201, "application/json", request.body_bytes()))
    });
    let request = http::post("https://example.com/x")
        .header("X-A", "b")
        .json(&json!([1, 2]));
    let response = request.unwrap().send().unwrap().success().unwrap();
    assert_eq!(response.header("Content-Type"), Some("application/json"));
    assert_eq!(response.json::<Vec<u8>>().unwrap(), [1, 2]);
}

#[test]
fn without_a_handler_there_is_no_web() {
    let error = http::get("https://example.com/").send().unwrap_err();
    assert!(matches!(error, ToolError::Unavailable(_)), "{error:?}");
}

#[test]
fn a_body_over_the_limit_is_an_error_that_names_it() {
    testing::respond_with(|_| Ok(testing::page(200, "text/plain", "12345")));
    let error = http::get("https://example.com/")
        .max_body(4)
        .send()
        .unwrap_err();
    assert_eq!(
        error.message(),
        "https://example.com/: the answer has more than 4 bytes"
    );
    assert!(http::get("https://example.com/").max_body(5).send().is_ok());
}

#[test]
fn a_status_tells_whether_trying_later_helps() {
    let answer = |status| testing::page(status, "text/plain", "").success();
    assert!(matches!(answer(404), Err(ToolError::Failed(_))));
    assert!(matches!(answer(429), Err(ToolError::Unavailable(_))));
    assert!(matches!(answer(503), Err(ToolError::Unavailable(_))));
}

#[test]
fn secrets_are_there_when_the_test_says_so() {
    assert!(!secrets::exists("TOKEN"));
    testing::add_secret("TOKEN");
    assert!(secrets::exists("TOKEN"));
}

#[test]
fn folders_are_there_and_go_with_a_reset() {
    let folder = files::folder("notes");
    std::fs::write(folder.join("a.txt"), "text").unwrap();
    assert_eq!(
        std::fs::read_to_string(files::folder("/notes").join("a.txt")).unwrap(),
        "text"
    );
    kv::set("a", "1").unwrap();
    testing::reset();
    assert!(!folder.exists());
    assert!(kv::keys().unwrap().is_empty());
}
