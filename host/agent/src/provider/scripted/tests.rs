use futures::TryStreamExt;
use serde_json::json;

use super::Scripted;
use crate::{AnswerLimits, Delta, Message, Part, Provider, ProviderError, Request, Role};

fn request(messages: Vec<Message>) -> Request {
    Request {
        model: "m".into(),
        system: String::new(),
        messages,
        tools: Vec::new(),
        max_tokens: 10,
        limits: AnswerLimits::default(),
    }
}

async fn ask(provider: &Scripted, messages: Vec<Message>) -> Result<Message, ProviderError> {
    let deltas = provider.stream(&request(messages)).await?;
    let deltas: Vec<Delta> = deltas.try_collect().await?;
    match deltas.into_iter().last() {
        Some(Delta::End(answer)) => Ok(answer.message),
        other => panic!("no end: {other:?}"),
    }
}

fn answered(call: &Message) -> Vec<Message> {
    let results = call.tool_calls().map(|(id, name, _)| Part::ToolResult {
        id: id.into(),
        name: name.into(),
        content: "done".into(),
        is_error: false,
    });
    let parts = results.collect();
    let role = Role::User;
    vec![Message::user("go"), call.clone(), Message { role, parts }]
}

const TWO_EXCHANGES: &str = r#"{"turns": [
    {"parts": [{"type": "tool_call", "name": "a__b"}]},
    {"parts": [{"type": "text", "text": "first"}]},
    {"parts": [{"type": "tool_call", "name": "c__d", "arguments": {"x": 1}}]},
    {"parts": [{"type": "text", "text": "sec"}, {"type": "text", "text": "ond"}]}
]}"#;

#[tokio::test]
async fn two_conversations_may_be_interleaved() {
    let provider = Scripted::from_json(TWO_EXCHANGES).expect("a script");
    let one = ask(&provider, vec![Message::user("1")]).await.expect("1");
    let two = ask(&provider, vec![Message::user("2")]).await.expect("2");
    assert_eq!(
        two.tool_calls().next().map(|call| call.2),
        Some(&json!({"x": 1}))
    );
    let second = ask(&provider, answered(&two)).await.expect("second");
    let first = ask(&provider, answered(&one)).await.expect("first");
    assert_eq!(
        (first.text(), second.text()),
        ("first".into(), "second".into())
    );
    assert_eq!(provider.requests().len(), 4);
    let end = ask(&provider, vec![Message::user("3")]).await;
    assert_eq!(
        end.map_err(|error| error.code()),
        Err("provider_bad_request")
    );
}

#[tokio::test]
async fn an_interrupted_run_finds_its_place_in_a_new_process() {
    let before = Scripted::from_json(TWO_EXCHANGES).expect("a script");
    let call = ask(&before, vec![Message::user("1")]).await.expect("1");
    let after = Scripted::from_json(TWO_EXCHANGES).expect("a script");
    let text = ask(&after, answered(&call)).await.expect("text");
    assert_eq!(text.text(), "first");
}

#[tokio::test]
async fn an_error_is_given_once_and_a_repeated_script_gives_it_again() {
    let script = r#"{"repeat": true, "turns": [
        {"error": {"code": "provider_overloaded"}},
        {"parts": [{"type": "text", "text": "hello"}]}
    ]}"#;
    let provider = Scripted::from_json(script).expect("a script");
    for _ in 0..2 {
        let failed = ask(&provider, vec![Message::user("1")]).await;
        assert_eq!(
            failed.map_err(|error| error.code()),
            Err("provider_overloaded")
        );
        let text = ask(&provider, vec![Message::user("1")])
            .await
            .expect("text");
        assert_eq!(text.text(), "hello");
    }
}

#[test]
fn a_bad_script_is_refused_with_its_place() {
    let form = Scripted::from_json("{\"turns\": [\n{\"prats\": []}]}").expect_err("a typo");
    assert!(form.to_string().contains("line 2"), "{form}");
    let code = Scripted::from_json(r#"{"turns": [{"error": {"code": "boom"}}]}"#);
    let code = code.expect_err("an unknown code").to_string();
    assert!(code.contains("turn 0") && code.contains("boom"), "{code}");
}

#[tokio::test]
async fn requests_are_recorded_in_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("requests.jsonl");
    let provider = Scripted::from_json(TWO_EXCHANGES).expect("a script");
    let provider = provider.recording_to(&path).expect("a file");
    ask(&provider, vec![Message::user("1")]).await.expect("1");
    let recorded = std::fs::read_to_string(&path).expect("the record");
    let first: Request = serde_json::from_str(recorded.trim()).expect("one request");
    assert_eq!(first, provider.requests()[0]);
}
