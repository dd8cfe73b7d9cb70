//! The Anthropic provider against a peer on a socket: what is sent, and what each answer means.

use std::time::Duration;

use futures::TryStreamExt;
use skillgate_agent::{
    AnswerLimits, Anthropic, Delta, HttpClient, Message, Provider, ProviderError, Request,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn request() -> Request {
    Request {
        model: "claude-test".into(),
        system: String::new(),
        messages: vec![Message::user("hi")],
        tools: Vec::new(),
        max_tokens: 10,
        limits: AnswerLimits::default(),
    }
}

/// Asks a peer that answers with these bytes and hangs up: the request it got, and the result.
async fn exchange(path: &str, answer: &str) -> (String, Result<Vec<Delta>, ProviderError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!(
        "http://{}{path}",
        listener.local_addr().expect("an address")
    );
    let peer = async {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut got = Vec::new();
        while !is_whole(&got) {
            assert_ne!(socket.read_buf(&mut got).await.expect("bytes"), 0);
        }
        socket.write_all(answer.as_bytes()).await.expect("sent");
        String::from_utf8(got).expect("text")
    };
    let http = HttpClient::default();
    let provider = Anthropic::new(http, &base, "sk-secret").expect("a provider");
    let asking = async {
        let deltas = provider.stream(&request()).await?;
        deltas.try_collect().await
    };
    tokio::join!(peer, asking)
}

fn is_whole(got: &[u8]) -> bool {
    let text = String::from_utf8_lossy(got).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.and_then(|length| length.parse().ok()) == Some(body.len())
}

fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nretry-after: 3\r\nconnection: close\r\n\r\n{body}"
    )
}

const HELLO: &str = r#"data: {"type":"message_start","message":{"usage":{"input_tokens":1}}}

data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}

data: {"type":"message_stop"}

"#;

#[tokio::test]
async fn the_request_is_as_documented() {
    let ok = answer("200 OK", "text/event-stream; charset=utf-8", HELLO);
    let (sent, got) = exchange("/gateway/", &ok).await;
    let sent = sent.to_lowercase();
    assert!(
        sent.starts_with("post /gateway/v1/messages http/1.1\r\n"),
        "{sent}"
    );
    for header in [
        "x-api-key: sk-secret",
        "anthropic-version: 2023-06-01",
        "content-type: application/json",
        "accept: text/event-stream",
    ] {
        assert!(
            sent.contains(&format!("\r\n{header}\r\n")),
            "{header}: {sent}"
        );
    }
    assert!(sent.contains("\"stream\":true"));
    let deltas = got.expect("an answer");
    assert_eq!(deltas[0], Delta::Text("Hello".into()));
    assert!(matches!(&deltas[1], Delta::End(answer) if answer.message.text() == "Hello"));
}

#[tokio::test]
async fn each_failure_has_its_meaning() {
    let error = r#"{"type":"error","error":{"type":"x","message":"said sk-secret"}}"#;
    let after = Some(Duration::from_secs(3));
    let limited = ProviderError::RateLimited { retry_after: after };
    let overloaded = ProviderError::Overloaded { retry_after: after };
    for (status, expected) in [
        (
            "401 Unauthorized",
            ProviderError::Unauthorized("HTTP 401: said [redacted]".into()),
        ),
        ("429 Too Many Requests", limited),
        ("529 Overloaded", overloaded),
        (
            "400 Bad Request",
            ProviderError::BadRequest("HTTP 400: said [redacted]".into()),
        ),
    ] {
        let (_, got) = exchange("", &answer(status, "application/json", error)).await;
        assert_eq!(got, Err(expected));
    }
}

#[tokio::test]
async fn what_is_no_stream_is_garbage() {
    let page = answer("200 OK", "text/html", "<html>Please log in</html>");
    let (_, got) = exchange("", &page).await;
    let said = got.expect_err("garbage").to_string();
    assert!(said.contains("text/html: <html>Please log in"), "{said}");
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (_, got) = exchange("", moved).await;
    assert_eq!(got.map_err(|error| error.code()), Err("provider_garbage"));
}

#[tokio::test]
async fn a_connection_that_breaks_is_cut_off() {
    let whole = answer("200 OK", "text/event-stream", HELLO);
    let half = whole
        .split("data: {\"type\":\"message_delta\"")
        .next()
        .expect("a half");
    let (_, got) = exchange("", half).await;
    assert_eq!(got, Err(ProviderError::CutOff));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    let provider = Anthropic::new(HttpClient::default(), &base, "k").expect("a provider");
    let error = provider.stream(&request()).await.err().expect("no peer");
    assert_eq!(error.code(), "provider_unreachable");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[test]
fn a_bad_setting_is_refused_with_its_remedy() {
    let new = |base: &str, key: &str| {
        Anthropic::new(HttpClient::default(), base, key).map_err(|error| error.to_string())
    };
    for base in ["api.anthropic.com", "ftp://x", ""] {
        let said = new(base, "k").expect_err("no address");
        assert!(
            said.contains("ANTHROPIC_BASE_URL") && said.contains("https://api.anthropic.com"),
            "{said}"
        );
    }
    let said = new("http://127.0.0.1", "sk-1234\n5678").expect_err("no header");
    assert!(!said.contains("1234"), "{said}");
    let debug = format!(
        "{:?}",
        new("http://127.0.0.1", "sk-secret").expect("a provider")
    );
    assert!(!debug.contains("sk-secret"), "{debug}");
}
