//! Uses every capability, on request.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use skillgate_sdk::prelude::*;

/// An answer from the web.
#[derive(Serialize, JsonSchema)]
pub struct Page {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Sends a request and gives status, headers and body.
#[tool(open_world)]
pub fn fetch(
    /// Where to.
    url: String,
    /// GET when left out.
    method: Option<String>,
    /// Headers to send, as pairs.
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// A body to send.
    body: Option<String>,
) -> Result<Json<Page>, ToolError> {
    let mut request = http::Request::new(method.as_deref().unwrap_or("GET"), url);
    for (name, value) in headers {
        request = request.header(&name, value);
    }
    let response = request.body(body.unwrap_or_default()).send()?;
    let body = response.text();
    Ok(Json(Page {
        status: response.status,
        headers: response.headers,
        body,
    }))
}

/// Reads a file as text.
#[tool(read_only)]
pub fn read_file(path: String) -> Result<String, ToolError> {
    Ok(std::fs::read_to_string(path)?)
}

/// Writes a text to a file.
#[tool(idempotent)]
pub fn write_file(path: String, text: String) -> Result<(), ToolError> {
    Ok(std::fs::write(path, text)?)
}

/// Writes a file of this many bytes.
#[tool(idempotent)]
pub fn write_many(path: String, bytes: usize) -> Result<String, ToolError> {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    let block = [b'x'; 4096];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(block.len());
        file.write_all(&block[..count])?;
        left -= count;
    }
    file.flush()?;
    Ok(format!("wrote {bytes} bytes"))
}

/// Lists the names in a folder, sorted, one a line.
#[tool(read_only)]
pub fn list_files(path: String) -> Result<String, ToolError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names.join("\n"))
}

/// Sets a key.
#[tool(idempotent)]
pub fn kv_set(key: String, value: String) -> Result<(), ToolError> {
    kv::set(&key, value)
}

/// Gives the value of a key, or `(none)`.
#[tool(read_only)]
pub fn kv_get(key: String) -> Result<String, ToolError> {
    let value = kv::get(&key)?;
    Ok(value.map_or("(none)".to_owned(), |value| {
        String::from_utf8_lossy(&value).into_owned()
    }))
}

/// Lists all keys, sorted, one a line.
#[tool(read_only)]
pub fn kv_keys() -> Result<String, ToolError> {
    let mut keys = kv::keys()?;
    keys.sort();
    Ok(keys.join("\n"))
}

/// Removes a key.
#[tool(idempotent, destructive)]
pub fn kv_delete(key: String) -> Result<(), ToolError> {
    kv::delete(&key)
}

/// Says whether a secret is there.
#[tool(read_only)]
pub fn secret_exists(name: String) -> String {
    secrets::exists(&name).to_string()
}

/// Writes a line to the log, and reports progress.
#[tool]
pub fn log(message: String) {
    skillgate_sdk::log::info(&message);
    progress::report(&message, Some(0.5));
}

/// Lists environment variables and arguments, one a line.
#[tool(read_only)]
pub fn env() -> String {
    let variables = std::env::vars().map(|(name, value)| format!("{name}={value}"));
    variables
        .chain(std::env::args())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Waits.
#[tool(read_only)]
pub fn sleep(
    /// Milliseconds.
    ms: u64,
) -> String {
    std::thread::sleep(Duration::from_millis(ms));
    format!("slept {ms} ms")
}

/// Gives the text back unchanged.
#[tool(read_only, idempotent)]
pub fn echo(text: String) -> String {
    text
}

/// Sets keys of NUL characters, longer than a key may be; gives how many were refused.
#[tool]
pub fn kv_set_long(
    /// How many.
    times: u32,
    /// Characters of each.
    length: usize,
) -> String {
    let key = "\0".repeat(length);
    let refused = (0..times).filter(|_| kv::set(&key, "").is_err()).count();
    format!("{refused} refused")
}

/// Reads keys, then sends a GET.
#[tool(open_world)]
pub fn kv_get_then_fetch(
    /// How many different keys.
    keys: u32,
    /// Where to.
    url: String,
) -> Result<String, ToolError> {
    for number in 0..keys {
        kv::set(&format!("key {number}"), "x")?;
        kv::get(&format!("key {number}"))?;
        kv::delete(&format!("key {number}"))?;
    }
    Ok(http::Request::new("GET", url).send()?.text())
}

/// Sends a GET, says so in the log, and waits.
#[tool(open_world)]
pub fn fetch_then_sleep(
    /// Where to.
    url: String,
    /// Milliseconds.
    ms: u64,
) -> Result<String, ToolError> {
    let text = http::Request::new("GET", url).send()?.text();
    skillgate_sdk::log::info("fetched");
    std::thread::sleep(Duration::from_millis(ms));
    Ok(text)
}

/// Says so in the log and reads a key, again and again until that is refused.
#[tool(read_only)]
pub fn kv_get_until_refused() -> Result<String, ToolError> {
    skillgate_sdk::log::info("reading");
    loop {
        kv::get("key")?;
    }
}

skillgate_sdk::skill!(
    fetch,
    read_file,
    write_file,
    write_many,
    list_files,
    kv_set,
    kv_get,
    kv_keys,
    kv_delete,
    secret_exists,
    log,
    env,
    sleep,
    echo,
    kv_set_long,
    kv_get_then_fetch,
    fetch_then_sleep,
    kv_get_until_refused
);
