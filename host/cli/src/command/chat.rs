//! `chat`.

use std::io::Read;

use futures::TryStreamExt;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sse_stream::SseByteStream;

use crate::args::Chat;
use crate::client::Client;
use crate::exit::{Exit, Failure, OrExit, Outcome};
use crate::output::{Format, Output, plain};

/// A message from stdin is read up to this many bytes; the server's own limit is lower.
const MAX_MESSAGE: u64 = 8 << 20;
/// A tool's result is shown up to this many characters.
const SHOWN: usize = 200;

/// What the server streams.
#[derive(Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum Event {
    Text {
        content: String,
    },
    ToolCall {
        name: String,
        arguments: Value,
    },
    ToolResult {
        content: String,
        is_error: bool,
    },
    Done {
        stop_reason: Option<String>,
    },
    Error {
        code: String,
        message: String,
    },
    #[serde(other)]
    Other,
}

/// Sends a message and streams the answer.
pub(crate) async fn run(arguments: Chat, output: &Output) -> Outcome {
    let client = Client::new(&arguments.remote)?;
    let message = message(arguments.message)?;
    let agent = client.agent(&arguments.agent).await?;
    let mut body = json!({ "message": message });
    for (field, value) in [("sessionId", arguments.session), ("peerId", arguments.peer)] {
        if let Some(value) = value {
            body[field] = value.into();
        }
    }
    let path = ["v1", "agents", &agent.id, "chat", "messages"];
    let response = client
        .send(client.request(Method::POST, &path)?.json(&body))
        .await?;
    let mut events = SseByteStream::new(Box::pin(response.bytes_stream()));
    let mut ended = None;
    while let Some(event) = events.try_next().await.or_exit(Exit::Unreachable)? {
        if let Some(data) = event.data {
            ended = show(&data, output)?;
        }
    }
    ended.unwrap_or_else(|| {
        Err(Failure::new(
            Exit::Unreachable,
            "the answer was cut off before its end",
        ))
    })
}

fn message(typed: String) -> Outcome<String> {
    if typed != "-" {
        return Ok(typed);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(MAX_MESSAGE)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Shows one event. The last one says how the command ends.
fn show(data: &str, output: &Output) -> Outcome<Option<Outcome>> {
    let event: Event = serde_json::from_str(data)?;
    if output.format == Format::Json {
        output.line(data)?;
    }
    match event {
        Event::Text { content } if output.format == Format::Text => output.untrusted(&content)?,
        Event::ToolCall { name, arguments } => {
            output.dim(format_args!("→ {} {arguments}", plain(&name)))
        }
        Event::ToolResult { content, is_error } => {
            let sign = if is_error { "✗" } else { "←" };
            output.dim(format_args!("{sign} {}", shortened(&content)));
        }
        Event::Done { stop_reason } => {
            if output.format == Format::Text {
                output.line("")?;
            }
            note_unusual_end(stop_reason.as_deref(), output);
            return Ok(Some(Ok(())));
        }
        Event::Error { code, message } => {
            let failure = Failure::new(
                Exit::Failure,
                format_args!("{}: {}", plain(&code), plain(&message)),
            );
            return Ok(Some(Err(failure)));
        }
        Event::Text { .. } | Event::Other => {}
    }
    Ok(None)
}

/// A budget or a filter may have ended the answer early.
fn note_unusual_end(stop_reason: Option<&str>, output: &Output) {
    if let Some(reason) = stop_reason.filter(|reason| !matches!(*reason, "end_turn" | "stop")) {
        output.warn(format_args!("the answer ended early: {}", plain(reason)));
    }
}

/// The first line of a result, short enough to stand beside the answer.
fn shortened(text: &str) -> String {
    let text = plain(text);
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(SHOWN).collect();
    match short.len() < text.len() {
        true => format!("{short} …"),
        false => short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_results_are_shortened_to_their_first_line() {
        assert_eq!(shortened("35"), "35");
        assert_eq!(shortened("one\ntwo"), "one …");
        assert_eq!(shortened(&"x".repeat(500)).chars().count(), SHOWN + 2);
    }

    #[test]
    fn events_of_later_servers_are_passed_over() {
        let output = Output::new(Format::Text);
        assert!(
            show(r#"{"type":"approval","taskId":"1"}"#, &output)
                .ok()
                .unwrap()
                .is_none()
        );
        let ended = show(
            r#"{"type":"error","code":"provider_error","message":"m"}"#,
            &output,
        )
        .ok()
        .unwrap();
        assert_eq!(ended.unwrap().unwrap_err().exit, Exit::Failure);
    }
}
