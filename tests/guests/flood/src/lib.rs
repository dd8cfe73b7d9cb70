//! Sends more requests than anybody should, one tool for each way.

use std::time::Duration;

use skillgate_sdk::prelude::*;

use self::bindings::wasi::http::outgoing_handler;
use self::bindings::wasi::http::types::{
    Fields, FutureIncomingResponse, IncomingResponse, OutgoingRequest, RequestOptions, Scheme,
};

/// `wasi:http` itself: with the SDK's helper a request is always answered and read to its end.
#[allow(missing_docs, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        inline: "package test:flood; world http { import wasi:http/outgoing-handler@0.2.12; }",
        path: "../../../wit",
        generate_all,
    });
}

/// Sends GET requests to names that differ, one after the other, and says how each kind of end came about.
#[tool(open_world)]
pub fn fetch_names(
    /// The authority, in which `{}` becomes the request's number.
    authority: String,
    /// How many.
    count: u32,
    /// Longest wait for each answer's first byte.
    timeout_ms: u64,
) -> String {
    let mut answered = 0;
    let mut last = String::new();
    for number in 0..count {
        let url = format!("http://{}/", authority.replace("{}", &number.to_string()));
        let request = http::get(url).timeout(Duration::from_millis(timeout_ms));
        match request.send() {
            Ok(_) => answered += 1,
            Err(error) => last = error.to_string(),
        }
    }
    format!("{answered} answered; last error: {last}")
}

/// Sends GET requests, keeps every answer without reading its body, and says how many were answered.
#[tool(open_world)]
pub fn hold_answers(
    /// The authority.
    authority: String,
    /// How many.
    count: u32,
    /// Longest wait for each answer's first byte.
    timeout_ms: u64,
) -> String {
    let sent: Vec<_> = (0..count)
        .filter_map(|_| send(&authority, timeout_ms))
        .collect();
    let held: Vec<IncomingResponse> = sent.iter().filter_map(answer).collect();
    format!("{} answered", held.len())
}

fn send(authority: &str, timeout_ms: u64) -> Option<FutureIncomingResponse> {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some("/")).ok()?;
    let options = RequestOptions::new();
    options
        .set_first_byte_timeout(Some(timeout_ms * 1_000_000))
        .ok()?;
    outgoing_handler::handle(request, Some(options)).ok()
}

fn answer(sent: &FutureIncomingResponse) -> Option<IncomingResponse> {
    sent.subscribe().block();
    sent.get()?.ok()?.ok()
}

skillgate_sdk::skill!(fetch_names, hold_answers);
