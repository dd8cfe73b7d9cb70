//! `wasi:http/outgoing-handler`: one request at a time, waiting for each step.

use super::bindings::wasi::http::outgoing_handler;
use super::bindings::wasi::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method as WitMethod, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};
use super::bindings::wasi::io::streams::{InputStream, StreamError};
use crate::ToolError;
use crate::http::{Address, Request, Response};

/// What one read or write moves at most: wasi:io allows writes of 4096 bytes at once.
const CHUNK: usize = 4096;
/// What one read asks for.
const READ: u64 = 64 * 1024;

/// Sends the request and reads the whole answer, at most `request.max_body` bytes of it.
pub(crate) fn send(request: Request) -> Result<Response, ToolError> {
    let outgoing = outgoing(&request)?;
    let body = outgoing
        .body()
        .map_err(|()| unexpected("the request has no body"))?;
    let options = options(&request)?;
    let answer = outgoing_handler::handle(outgoing, Some(options))
        .map_err(|code| explain(&code, &request.url))?;
    write(body, &request.body, &request.url)?;
    answer.subscribe().block();
    let incoming = answer
        .get()
        .ok_or_else(|| unexpected("the answer is not there after waiting for it"))?
        .map_err(|()| unexpected("the answer was taken twice"))?
        .map_err(|code| explain(&code, &request.url))?;
    read(&incoming, &request)
}

fn outgoing(request: &Request) -> Result<OutgoingRequest, ToolError> {
    let address = Address::parse(&request.url)?;
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields.append(name, value.as_bytes()).map_err(|error| {
            ToolError::Failed(format!("the header `{name}` can't be sent: {error}"))
        })?;
    }
    let refused =
        |what: &str| ToolError::Failed(format!("{what} of `{}` can't be sent", request.url));
    let outgoing = OutgoingRequest::new(fields);
    outgoing
        .set_method(&method(&request.method))
        .map_err(|()| refused("the method"))?;
    outgoing
        .set_scheme(Some(&scheme(address.scheme)))
        .map_err(|()| refused("the scheme"))?;
    outgoing
        .set_authority(Some(address.authority))
        .map_err(|()| refused("the host"))?;
    outgoing
        .set_path_with_query(Some(&address.path))
        .map_err(|()| refused("the path"))?;
    Ok(outgoing)
}

fn method(method: &str) -> WitMethod {
    match method {
        "GET" => WitMethod::Get,
        "HEAD" => WitMethod::Head,
        "POST" => WitMethod::Post,
        "PUT" => WitMethod::Put,
        "DELETE" => WitMethod::Delete,
        "PATCH" => WitMethod::Patch,
        "OPTIONS" => WitMethod::Options,
        other => WitMethod::Other(other.to_owned()),
    }
}

fn scheme(scheme: &str) -> Scheme {
    match scheme {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    }
}

fn options(request: &Request) -> Result<RequestOptions, ToolError> {
    let options = RequestOptions::new();
    let nanoseconds = u64::try_from(request.timeout.as_nanos()).unwrap_or(u64::MAX);
    let set = [
        options.set_connect_timeout(Some(nanoseconds)),
        options.set_first_byte_timeout(Some(nanoseconds)),
        options.set_between_bytes_timeout(Some(nanoseconds)),
    ];
    match set.into_iter().collect::<Result<(), ()>>() {
        Ok(()) => Ok(options),
        Err(()) => Err(unexpected("the host does not take time limits")),
    }
}

fn write(body: OutgoingBody, bytes: &[u8], url: &str) -> Result<(), ToolError> {
    if !bytes.is_empty() {
        let stream = body
            .write()
            .map_err(|()| unexpected("the request's body was taken twice"))?;
        for chunk in bytes.chunks(CHUNK) {
            stream.blocking_write_and_flush(chunk).map_err(|error| {
                ToolError::Unavailable(format!("{url}: the request was cut off: {error}"))
            })?;
        }
    }
    OutgoingBody::finish(body, None).map_err(|code| explain(&code, url))
}

fn read(incoming: &IncomingResponse, request: &Request) -> Result<Response, ToolError> {
    let headers = incoming.headers().entries();
    let headers = headers
        .into_iter()
        .map(|(name, value)| {
            (
                name.to_ascii_lowercase(),
                String::from_utf8_lossy(&value).into_owned(),
            )
        })
        .collect();
    let body = incoming
        .consume()
        .map_err(|()| unexpected("the answer's body was taken twice"))?;
    let bytes = read_body(&body, request)?;
    Ok(Response {
        status: incoming.status(),
        headers,
        body: bytes,
    })
}

fn read_body(body: &IncomingBody, request: &Request) -> Result<Vec<u8>, ToolError> {
    let stream = body
        .stream()
        .map_err(|()| unexpected("the answer's body was taken twice"))?;
    let mut bytes = Vec::new();
    while let Some(chunk) = read_chunk(&stream, &request.url)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > request.max_body {
            return Err(request.body_too_large());
        }
    }
    Ok(bytes)
}

/// The next bytes, or nothing at the end.
fn read_chunk(stream: &InputStream, url: &str) -> Result<Option<Vec<u8>>, ToolError> {
    match stream.blocking_read(READ) {
        Ok(chunk) => Ok(Some(chunk)),
        Err(StreamError::Closed) => Ok(None),
        Err(StreamError::LastOperationFailed(error)) => {
            let reason = error.to_debug_string();
            Err(ToolError::Unavailable(format!(
                "{url}: the answer was cut off: {reason}"
            )))
        }
    }
}

/// Sorts the fifty ways to fail by what the reader can do about them.
fn explain(code: &ErrorCode, url: &str) -> ToolError {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            ToolError::Denied(format!("{url}: the host does not allow this destination"))
        }
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTerminated
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::HttpResponseIncomplete
        | ErrorCode::HttpResponseTimeout => {
            ToolError::Unavailable(format!("{url} can't be reached: {code}"))
        }
        ErrorCode::InternalError(Some(reason)) => ToolError::Failed(format!("{url}: {reason}")),
        _ => ToolError::Failed(format!("{url}: the request failed: {code}")),
    }
}

fn unexpected(what: &str) -> ToolError {
    ToolError::Failed(format!("http: {what}"))
}
