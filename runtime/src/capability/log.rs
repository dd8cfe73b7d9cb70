//! `skillgate:skill/log`, stdout and stderr: lines for the agent's log. Always linked; bounded in
//! number and length, and a guest that prints for ever is ended.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

use crate::bindings::skillgate::skill::log;
use crate::limits::Stop;
use crate::sink::{LogLevel, MAX_LINE, Sink, cut};
use crate::state::{Shared, State};

impl log::Host for State {
    async fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.meter.count_host_call();
        let level = match level {
            log::Level::Trace => LogLevel::Trace,
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        Ok(self.shared.log.line(level, &message)?)
    }
}

/// The lines of one call, on their way to its sink.
pub(crate) struct LineLog {
    sink: Arc<dyn Sink>,
    most: u64,
    lines: AtomicU64,
    stdout: Mutex<Vec<u8>>,
    stderr: Mutex<Vec<u8>>,
    last_words: Mutex<VecDeque<String>>,
}

/// How many of the last lines of stderr are kept to explain a fault.
const LAST_WORDS: usize = 3;

impl LineLog {
    pub(crate) fn new(sink: Arc<dyn Sink>, most: u64) -> Self {
        Self {
            sink,
            most,
            lines: AtomicU64::new(0),
            stdout: Mutex::default(),
            stderr: Mutex::default(),
            last_words: Mutex::default(),
        }
    }

    /// Makes the log the guest's stdout and stderr.
    pub(crate) fn attach(shared: &Arc<Shared>, wasi: &mut WasiCtxBuilder) {
        for level in [LogLevel::Info, LogLevel::Warn] {
            let output = GuestOutput {
                shared: Arc::clone(shared),
                level,
            };
            match level {
                LogLevel::Info => wasi.stdout(output),
                _ => wasi.stderr(output),
            };
        }
    }

    pub(crate) fn sink(&self) -> &dyn Sink {
        &*self.sink
    }

    /// Counts a line; too many end the call.
    pub(crate) fn count(&self) -> Result<(), Stop> {
        match self.lines.fetch_add(1, Ordering::Relaxed) {
            seen if seen >= self.most => Err(Stop::limit("log-lines", self.most.to_string())),
            _ => Ok(()),
        }
    }

    pub(crate) fn line(&self, level: LogLevel, text: &str) -> Result<(), Stop> {
        self.count()?;
        self.sink.log(level, cut(text));
        Ok(())
    }

    /// The last lines of stderr: where a panic says what happened.
    pub(crate) fn last_words(&self) -> String {
        let mut words = self
            .last_words
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        words.make_contiguous().join(" ")
    }

    /// Gives the sink what was printed without an end of line.
    pub(crate) fn finish(&self) {
        for level in [LogLevel::Info, LogLevel::Warn] {
            let rest = std::mem::take(
                &mut *self
                    .pending(level)
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner),
            );
            if !rest.is_empty() {
                // Nothing is left to end when this line is one too many.
                let _ = self.printed(level, &rest);
            }
        }
    }

    fn pending(&self, level: LogLevel) -> &Mutex<Vec<u8>> {
        match level {
            LogLevel::Warn => &self.stderr,
            _ => &self.stdout,
        }
    }

    /// Cuts what is printed into lines, at line ends and at [`MAX_LINE`] bytes.
    fn print(&self, level: LogLevel, bytes: &[u8]) -> Result<(), Stop> {
        let mut pending = self
            .pending(level)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if *byte != b'\n' {
                pending.push(*byte);
            }
            if *byte == b'\n' || pending.len() >= MAX_LINE {
                let line = std::mem::take(&mut *pending);
                self.printed(level, &line)?;
            }
        }
        Ok(())
    }

    fn printed(&self, level: LogLevel, line: &[u8]) -> Result<(), Stop> {
        let text = String::from_utf8_lossy(line);
        // Rust's hint on how to get a backtrace explains nothing.
        if level == LogLevel::Warn && !text.trim().is_empty() && !text.starts_with("note: run with")
        {
            let mut words = self
                .last_words
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if words.len() == LAST_WORDS {
                words.pop_front();
            }
            words.push_back(cut(text.trim()).to_owned());
        }
        self.line(level, &text)
    }
}

/// The guest's stdout (`Info`) or stderr (`Warn`).
#[derive(Clone)]
struct GuestOutput {
    shared: Arc<Shared>,
    level: LogLevel,
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    /// Only for WASI versions that are not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.shared
            .log
            .print(self.level, &bytes)
            .map_err(|stop| StreamError::Trap(stop.into()))
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(MAX_LINE)
    }
}
