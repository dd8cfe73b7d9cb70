//! From what the engine gave back to an [`Outcome`]: the answer's check, and the meaning of a trap.

use wasmtime::Trap;
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::error::{Busy, HostFault};
use crate::limits::{CallLimits, Stop, bytes};
use crate::outcome::{Content, GuestFault, Outcome, ToolError, ToolResult};
use crate::schema::{AccountThreads, Misfit};
use crate::state::Ended;
use crate::tool::Schemas;

/// The tool's answer, if it keeps to the output limit and its structured part to its schema. What
/// it says of that part is cut: it quotes the part, which the guest chose.
pub(crate) async fn checked(
    result: wit::ToolResult,
    schemas: &Schemas,
    limits: &CallLimits,
    threads: AccountThreads<'_>,
) -> Outcome {
    if size(&result) > limits.output {
        return Stop::limit("output", bytes(limits.output)).into();
    }
    let text = result.structured.as_deref();
    let structured = match (text, &schemas.output) {
        (None, _) => Ok(None),
        (Some(text), Some(schema)) => schema.check(text, threads, limits.timeout).await.map(Some),
        // Without a schema, the depth is what is checked.
        (Some(text), None) => schemas.input.parse(text).map(Some),
    };
    match structured {
        Ok(structured) => Outcome::Result(ToolResult {
            content: result.content.into_iter().map(Content::from).collect(),
            structured,
        }),
        Err(Misfit::NotInTime(limit)) => Stop::timeout(limit).into(),
        Err(misfit @ (Misfit::DoesNotFit { .. } | Misfit::Unexplained)) => fault(format!(
            "its structured result does not fit its output schema: {}",
            misfit.sentence("it", "is")
        )),
        Err(misfit) => fault(misfit.sentence("its structured result", "is")),
    }
}

/// What it means that the tool gave an error: the host's refusal behind it, if there was one.
pub(crate) fn refused(error: wit::ToolError, ended: &Ended) -> Outcome {
    let most = ended.limits.output;
    let error = ToolError::from(error);
    match ended.shared.refusal() {
        Some(stop) => stop.into(),
        None if error.text().len() as u64 > most => Stop::limit("output", bytes(most)).into(),
        None => Outcome::Error(error),
    }
}

fn size(result: &wit::ToolResult) -> u64 {
    let pieces = result.content.iter().map(|piece| match piece {
        wit::Content::Text(text) => text.len(),
        wit::Content::Image(blob) | wit::Content::Audio(blob) => {
            blob.data.len() + blob.mime_type.len()
        }
        wit::Content::ResourceLink(link) => {
            link.uri.len() + link.name.len() + link.mime_type.as_ref().map_or(0, String::len)
        }
    });
    let structured = result.structured.as_ref().map_or(0, String::len);
    (pieces.sum::<usize>() + structured) as u64
}

/// What a failed call means. `Err` is the host's own failure.
pub(crate) fn failure(error: wasmtime::Error, ended: &Ended) -> Result<Outcome, HostFault> {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return Ok(stop.clone().into());
    }
    if error
        .downcast_ref::<wasmtime::PoolConcurrencyLimitError>()
        .is_some()
    {
        return Err(HostFault::Busy(Busy::Host(ended.limits.timeout)));
    }
    if error.is::<HostFault>() {
        return Err(error.downcast().unwrap_or_else(HostFault::engine));
    }
    let limit = limit_behind(&error, &ended.limits)
        .or_else(|| ended.shared.refusal())
        .or_else(|| ended.memory_stop.clone());
    Ok(limit.map_or_else(
        || fault(story(&error, &ended.shared.log.last_words())),
        Outcome::from,
    ))
}

/// The limit that the engine itself enforces and that was reached, if one was.
fn limit_behind(error: &wasmtime::Error, limits: &CallLimits) -> Option<Stop> {
    if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        return Some(Stop::limit("stack", "512 KiB"));
    }
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return Some(Stop::limit("handles", limits.handles.to_string()));
    }
    // The engine's type for this is private; its text is the only sign.
    let copied_too_much = error
        .chain()
        .any(|cause| cause.to_string().contains("fuel allocated for hostcalls"));
    copied_too_much.then(|| Stop::limit("output", bytes(limits.output)))
}

/// A trap in one sentence, with the guest's last words.
fn story(error: &wasmtime::Error, last_words: &str) -> String {
    let what = match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(status)) => format!("it exited with status {status} instead of answering"),
        None => error.root_cause().to_string(),
    };
    match last_words {
        "" => what,
        words => format!("{what}; it last said: {words}"),
    }
}

fn fault(message: String) -> Outcome {
    Outcome::Fault(GuestFault { message })
}

impl From<Stop> for Outcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Limit(limit) => Self::Limit(limit),
            Stop::Denied(denial) => Self::Denied(denial),
            Stop::Cancelled => Self::Cancelled,
        }
    }
}

impl From<wit::ToolError> for ToolError {
    fn from(error: wit::ToolError) -> Self {
        match error {
            wit::ToolError::InvalidArguments(message) => Self::InvalidArguments(message),
            wit::ToolError::Denied(message) => Self::Denied(message),
            wit::ToolError::Unavailable(message) => Self::Unavailable(message),
            wit::ToolError::Failed(message) => Self::Failed(message),
        }
    }
}

impl From<wit::Content> for Content {
    fn from(content: wit::Content) -> Self {
        match content {
            wit::Content::Text(text) => Self::Text { text },
            wit::Content::Image(blob) => Self::Image {
                data: blob.data,
                mime_type: blob.mime_type,
            },
            wit::Content::Audio(blob) => Self::Audio {
                data: blob.data,
                mime_type: blob.mime_type,
            },
            wit::Content::ResourceLink(link) => Self::ResourceLink {
                uri: link.uri,
                name: link.name,
                mime_type: link.mime_type,
            },
        }
    }
}
