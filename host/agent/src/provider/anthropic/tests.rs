//! Recorded answers of the documented form, in one piece and cut at every place.

use bytes::Bytes;
use futures::{StreamExt, stream};
use serde_json::json;

use super::{Decoder, ReadError, deltas};
use crate::{Completion, Delta, Part, ProviderError, StopReason, Usage};

/// Thinking, text, two parallel calls (one with fragments, one without arguments), a ping, a type of event and a
/// type of delta that nobody knows yet.
const WHOLE: &str = include_str!("recorded/parallel_calls.sse");
/// An overload that is told after some text.
const OVERLOADED: &str = include_str!("recorded/overloaded.sse");

fn play(chunks: Vec<&[u8]>) -> Vec<Result<Delta, ProviderError>> {
    let chunks = chunks.into_iter().map(Bytes::copy_from_slice);
    let chunks: Vec<Result<Bytes, ReadError>> = chunks.map(Ok).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let deltas = deltas(stream::iter(chunks), Decoder::default()).collect();
    runtime.expect("a runtime").block_on(deltas)
}

fn answer(deltas: Vec<Result<Delta, ProviderError>>) -> (String, Completion) {
    let mut shown = String::new();
    for delta in deltas {
        match delta.expect("no error") {
            Delta::Text(text) => shown.push_str(&text),
            Delta::End(answer) => return (shown, answer),
        }
    }
    panic!("no end");
}

#[test]
fn every_block_arrives_whole() {
    let (shown, answer) = answer(play(vec![WHOLE.as_bytes()]));
    assert_eq!(shown, "I'll look in Zürich.");
    assert_eq!(answer.stop_reason, StopReason::ToolUse);
    let usage = Usage {
        input_tokens: 25,
        output_tokens: 89,
        cache_read_tokens: 1000,
        cache_write_tokens: 7,
    };
    assert_eq!(answer.usage, usage);
    let thinking =
        json!({"type": "thinking", "thinking": "Two calls.", "signature": "EqQBCgIYAhIM"});
    let redacted = json!({"type": "redacted_thinking", "data": "EmwKAhgBEgy3"});
    let opaque = |opaque| Part::Reasoning {
        provider: "anthropic".into(),
        opaque,
    };
    let call = |id: &str, name: &str, arguments| Part::ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
    };
    let text = "I'll look in Zürich.".to_owned();
    assert_eq!(
        answer.message.parts,
        [
            opaque(thinking),
            opaque(redacted),
            Part::Text { text },
            call(
                "toolu_1",
                "weather__get",
                json!({"location": "Zürich", "days": 2})
            ),
            call("toolu_2", "clock__now", json!({})),
        ]
    );
}

#[test]
fn a_cut_between_any_two_bytes_changes_nothing() {
    let bytes = WHOLE.as_bytes();
    let whole = answer(play(vec![bytes]));
    for place in 0..=bytes.len() {
        let (one, two) = bytes.split_at(place);
        assert_eq!(answer(play(vec![one, two])), whole, "cut at {place}");
    }
    assert_eq!(answer(play(bytes.chunks(1).collect())), whole);
}

#[test]
fn line_ends_of_other_systems_are_line_ends() {
    let whole = answer(play(vec![WHOLE.as_bytes()]));
    let crlf = WHOLE.replace('\n', "\r\n");
    assert_eq!(answer(play(vec![crlf.as_bytes()])), whole);
}

#[test]
fn a_stream_that_stops_before_its_end_is_cut_off() {
    let end = WHOLE.find("event: message_stop").expect("an end");
    for stop in (0..end).step_by(97) {
        let deltas = play(vec![&WHOLE.as_bytes()[..stop]]);
        assert_eq!(
            deltas.last(),
            Some(&Err(ProviderError::CutOff)),
            "at {stop}"
        );
    }
}

#[test]
fn an_error_inside_the_stream_ends_it() {
    let overloaded = ProviderError::Overloaded { retry_after: None };
    let text = Delta::Text("Hello".into());
    assert_eq!(
        play(vec![OVERLOADED.as_bytes()]),
        [Ok(text), Err(overloaded)]
    );
}

#[test]
fn what_is_not_the_protocol_is_garbage() {
    let start = r#"data: {"type":"message_start","message":{}}"#;
    for (what, events) in [
        ("no JSON", "data: hello\n\n".to_owned()),
        ("not UTF-8", "data: \u{0}".to_owned()),
        ("no type", "data: {}\n\n".to_owned()),
        ("a list", "data: []\n\n".to_owned()),
        ("an end before the start", "data: {\"type\":\"message_stop\"}\n\n".to_owned()),
        ("an end without a reason", format!("{start}\n\ndata: {{\"type\":\"message_stop\"}}\n\n")),
        (
            "a delta without its block",
            "data: {\"type\":\"content_block_delta\",\"index\":3,\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n".into(),
        ),
        (
            "a call without a name",
            "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"x\"}}\n\n".into(),
        ),
    ] {
        let mut bytes = events.into_bytes();
        if what == "not UTF-8" {
            bytes = b"data: \xff\xfe\n\n".to_vec();
        }
        let last = play(vec![&bytes]).pop().expect("an error");
        assert_eq!(last.map_err(|error| error.code()), Err("provider_garbage"), "{what}");
    }
}

#[test]
fn arguments_that_were_cut_short_stay_a_string() {
    let cut = WHOLE.replace(r#""partial_json":"2}""#, r#""partial_json":"""#);
    let (_, answer) = answer(play(vec![cut.as_bytes()]));
    let arguments = answer
        .message
        .tool_calls()
        .next()
        .map(|call| call.2.clone());
    assert_eq!(
        arguments,
        Some(json!("{\"location\": \"Zürich\", \"days\": "))
    );
}

#[test]
fn each_stop_reason_is_known() {
    for (wire, reason) in [
        ("end_turn", StopReason::EndTurn),
        ("max_tokens", StopReason::MaxTokens),
        ("stop_sequence", StopReason::StopSequence),
        ("pause_turn", StopReason::PauseTurn),
        ("refusal", StopReason::Refusal),
        (
            "model_context_window_exceeded",
            StopReason::ModelContextWindowExceeded,
        ),
        ("brand_new", StopReason::Other),
        // A reason that only the host may give.
        ("cancelled", StopReason::Other),
    ] {
        let events = WHOLE.replace(
            "\"stop_reason\":\"tool_use\"",
            &format!("\"stop_reason\":\"{wire}\""),
        );
        assert_eq!(answer(play(vec![events.as_bytes()])).1.stop_reason, reason);
    }
}

/// An answer of these content blocks' events.
fn whole(events: &[serde_json::Value]) -> String {
    let start = json!({"type": "message_start", "message": {}});
    let reason = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}});
    let stop = json!({"type": "message_stop"});
    let all = [&start].into_iter().chain(events).chain([&reason, &stop]);
    all.map(|event| format!("data: {event}\n\n")).collect()
}

fn block(index: usize, block: serde_json::Value) -> serde_json::Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: usize, delta: serde_json::Value) -> serde_json::Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

#[test]
fn an_answer_without_end_is_cut_with_its_reason() {
    let text = json!({"type": "text", "text": ""});
    let piece = "x".repeat(10_000);
    let deltas = |kind: &str, field: &str| {
        let mut events = vec![block(
            0,
            json!({"type": kind, "text": "", "id": "a", "name": "b"}),
        )];
        let more = json!({"type": format!("{field}_delta"), "text": piece, "thinking": piece, "partial_json": piece});
        events.extend(vec![delta(0, more); 110]);
        whole(&events)
    };
    let blocks: Vec<serde_json::Value> = (0..600).map(|index| block(index, text.clone())).collect();
    let one = block(0, json!({"type": "text", "text": "x".repeat(2 << 20)}));
    for answer in [
        deltas("text", "text"),
        deltas("thinking", "thinking"),
        deltas("tool_use", "input_json"),
        whole(&blocks),
        whole(&[one]),
    ] {
        let last = play(vec![answer.as_bytes()]).pop().expect("an end");
        let error = last.expect_err("too large");
        assert_eq!(error.code(), "provider_answer_too_large");
        assert!(!error.retryable() && error.to_string().contains("more than"));
    }
}

#[test]
fn many_small_pieces_of_reasoning_are_put_together() {
    let mut events = vec![block(
        0,
        json!({"type": "thinking", "thinking": "", "signature": ""}),
    )];
    let piece = json!({"type": "thinking_delta", "thinking": "hm "});
    events.extend(vec![delta(0, piece); 20_000]);
    let (_, answer) = answer(play(vec![whole(&events).as_bytes()]));
    let Part::Reasoning { opaque, .. } = &answer.message.parts[0] else {
        panic!("{:?}", answer.message.parts.len());
    };
    assert_eq!(opaque["thinking"].as_str().map(str::len), Some(60_000));
}

#[test]
fn a_block_of_the_providers_own_may_not_nest_deeply() {
    let nested = |depth: usize| {
        let inner = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        whole(&[block(0, json!({"type": "compaction", "data": inner}))])
    };
    answer(play(vec![nested(63).as_bytes()]));
    let last = play(vec![nested(64).as_bytes()]).pop().expect("an end");
    assert_eq!(last.map_err(|error| error.code()), Err("provider_garbage"));
}
