//! Makes the host work for nothing in every way we know, one tool each.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use skillgate_sdk::prelude::*;
use skillgate_sdk::{Annotations, Description, Tool, ToolOutput};

/// WASI as it is under the standard library, which asks before it writes.
#[allow(missing_docs, reason = "generated code")]
mod wasi {
    wit_bindgen::generate!({
        inline: "package test:hostile; world wasi {
            import wasi:cli/stdout@0.2.12;
            import wasi:io/streams@0.2.12;
            import wasi:filesystem/types@0.2.12;
            import wasi:filesystem/preopens@0.2.12;
        }",
        path: "../../../wit",
        generate_all,
    });
}

use wasi::wasi::cli::stdout;
use wasi::wasi::filesystem::preopens;
use wasi::wasi::filesystem::types::{
    Datetime, Descriptor, DescriptorFlags, NewTimestamp, OpenFlags, PathFlags,
};

/// How many bytes a schema may have that a test puts in place of the default one.
const ROOM: usize = 80 * 1024;
/// Where it starts: what a test looks for in the component's bytes.
const MARK: &[u8] = b"<the input schema of the tool `listed` stands here>";

/// The schema behind its mark, filled up with spaces. Spaces alone stand for the default.
#[used]
static SCHEMA: [u8; MARK.len() + ROOM] = {
    let mut bytes = [b' '; MARK.len() + ROOM];
    let mut place = 0;
    while place < MARK.len() {
        bytes[place] = MARK[place];
        place += 1;
    }
    bytes
};

/// A tool with whatever schema a test wants.
pub struct Listed;

impl Tool for Listed {
    const NAME: &'static str = "listed";

    fn describe() -> Description {
        // Without it the compiler knows the bytes, and the test's are never read.
        let bytes: &'static [u8] = black_box(&SCHEMA);
        let text = String::from_utf8_lossy(&bytes[MARK.len()..]);
        let input_schema: Value = match text.trim() {
            "" => json!({ "type": "object" }),
            text => serde_json::from_str(text).expect("the test gave JSON"),
        };
        Description {
            name: Self::NAME,
            title: None,
            description: "Has whatever schema a test gave it.",
            input_schema,
            output_schema: None,
            annotations: Annotations {
                idempotent: true,
                ..Annotations::default()
            },
        }
    }

    fn call(_arguments: &str) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::from_text("listed"))
    }
}

/// Sets keys that are too long; each is refused.
#[tool(idempotent)]
pub fn flood_keys(
    /// How many.
    times: u32,
    /// Bytes of each key.
    bytes: usize,
) -> String {
    let key = "\0".repeat(bytes);
    let refused = (0..times).filter(|_| kv::set(&key, "v").is_err()).count();
    format!("{refused} of {times} refused")
}

/// Writes to a file that has no name any more.
#[tool]
pub fn hoard(
    /// How many bytes.
    bytes: usize,
) -> Result<String, ToolError> {
    const PATH: &str = "/data/hoard";
    let mut file = File::create(PATH)?;
    fs::remove_file(PATH)?;
    let block = vec![b'x'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let count = left.min(block.len());
        file.write_all(&block[..count])?;
        left -= count;
    }
    file.flush()?;
    Ok(format!("hoarded {bytes} bytes"))
}

/// Makes folders, each in the one before.
#[tool]
pub fn nest(
    /// How many levels.
    levels: u32,
) -> String {
    let mut path = String::from("/data");
    for level in 0..levels {
        path += "/n";
        if let Err(error) = fs::create_dir(&path) {
            return format!("stopped at level {level}: {error}");
        }
    }
    format!("made {levels} levels")
}

/// Gives a text many times over, with nothing between.
#[tool(read_only, idempotent)]
pub fn repeat(
    /// What to repeat.
    text: String,
    /// How often.
    times: usize,
) -> String {
    text.repeat(times)
}

/// Asks for each address in turn and gives up on each after a while.
#[tool(open_world)]
pub fn fetch_each(
    /// Where to.
    urls: Vec<String>,
    /// How long each may take, in milliseconds.
    ms: u64,
) -> String {
    let answered = urls.iter().filter(|url| {
        let request = http::get(url.as_str()).timeout(Duration::from_millis(ms));
        request.send().is_ok()
    });
    format!("{} of {} answered", answered.count(), urls.len())
}

/// Asks for an address with a path that is longer than a receipt should be.
#[tool(open_world)]
pub fn fetch_long_paths(
    /// The address up to its path.
    base: String,
    /// How many different paths.
    times: u32,
    /// Bytes of each path.
    bytes: usize,
) -> String {
    let long = "p".repeat(bytes);
    let answered = (0..times).filter(|number| {
        let request = http::get(format!("{base}/{number}{long}"));
        request.timeout(Duration::from_millis(500)).send().is_ok()
    });
    format!("{} of {times} answered", answered.count())
}

/// Writes to stdout at once what nobody asked whether it may be written.
#[tool]
pub fn print_unasked(
    /// How many bytes.
    bytes: usize,
) -> String {
    let written = stdout::get_stdout().write(&vec![b'x'; bytes]);
    format!("{written:?}")
}

/// Has the host write zeroes to stdout, which costs the guest nothing.
#[tool]
pub fn print_zeroes(
    /// How many.
    count: u64,
) -> String {
    let written = stdout::get_stdout().write_zeroes(count);
    format!("{written:?}")
}

/// Writes to a file's stream, and again before anybody asked whether more may be written.
#[tool]
pub fn write_unasked(
    /// How many bytes.
    bytes: usize,
) -> Result<String, ToolError> {
    let file = new_file()?;
    let stream = file.write_via_stream(0).map_err(failed)?;
    let block = vec![b'x'; bytes];
    stream.write(&block).map_err(failed)?;
    let written = stream.write(&block);
    Ok(format!("{written:?}"))
}

/// Gives a file a time that no clock shows.
#[tool(idempotent)]
pub fn set_times(
    /// Seconds since 1970.
    seconds: u64,
) -> Result<String, ToolError> {
    let time = NewTimestamp::Timestamp(Datetime {
        seconds,
        nanoseconds: 999_999_999,
    });
    let set = new_file()?.set_times(time, time);
    Ok(format!("{set:?}"))
}

/// Opens a file again and again and keeps it open.
#[tool]
pub fn open_many(
    /// How often.
    times: usize,
) -> Result<String, ToolError> {
    let mut open = Vec::new();
    for _ in 0..times {
        open.push(new_file()?);
    }
    Ok(format!("opened {} times", open.len()))
}

/// A file in the folder `data`, opened through WASI itself.
fn new_file() -> Result<Descriptor, ToolError> {
    let folders = preopens::get_directories();
    let folder = folders.iter().find(|(_, path)| path.ends_with("data"));
    let (folder, _) = folder.ok_or_else(|| ToolError::Failed("no folder".to_owned()))?;
    let (create, flags) = (
        OpenFlags::CREATE,
        DescriptorFlags::READ | DescriptorFlags::WRITE,
    );
    folder
        .open_at(PathFlags::empty(), "raw", create, flags)
        .map_err(failed)
}

fn failed(error: impl std::fmt::Debug) -> ToolError {
    ToolError::Failed(format!("{error:?}"))
}

skillgate_sdk::skill!(
    Listed,
    flood_keys,
    hoard,
    nest,
    repeat,
    fetch_each,
    fetch_long_paths,
    print_unasked,
    print_zeroes,
    write_unasked,
    set_times,
    open_many
);
