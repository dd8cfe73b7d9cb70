//! Streams into and out of a file.

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::{
    DynInputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::Opened;
use super::operation::At;
use crate::state::Shared;

/// Bytes that may be written at once, as in wasmtime-wasi's own streams.
const MAX_WRITE: usize = 64 * 1024;

/// A stream into a file. Each write is charged, done and counted by a task that ends by itself, also when the stream is
/// dropped meanwhile.
pub(super) struct FileOutput {
    file: Arc<File>,
    at: At,
    opened: Opened,
    shared: Arc<Shared>,
    state: Writing,
    /// Goes with a write under way too: what it writes is in the host's memory.
    writer: Arc<OwnedSemaphorePermit>,
}

enum Writing {
    Ready,
    Pending(JoinHandle<Result<u64, ErrorCode>>),
    Failed(ErrorCode),
    Closed,
}

impl FileOutput {
    pub(super) fn new(
        file: Arc<File>,
        at: At,
        opened: Opened,
        shared: Arc<Shared>,
        writer: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            file,
            at,
            opened,
            shared,
            state: Writing::Ready,
            writer: Arc::new(writer),
        }
    }

    /// What an earlier write failed with; after that the stream is closed.
    fn check(&mut self) -> StreamResult<()> {
        match std::mem::replace(&mut self.state, Writing::Closed) {
            Writing::Failed(error) => Err(StreamError::LastOperationFailed(error.into())),
            Writing::Closed => Err(StreamError::Closed),
            other => {
                self.state = other;
                Ok(())
            }
        }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {
        let Writing::Pending(task) = &mut self.state else {
            return;
        };
        self.state = match task.await {
            Ok(Ok(written)) => {
                if let At::Offset(offset) = &mut self.at {
                    *offset = offset.saturating_add(written);
                }
                Writing::Ready
            }
            Ok(Err(error)) => Writing::Failed(error),
            Err(_) => Writing::Failed(ErrorCode::Io),
        };
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.check()?;
        if let Writing::Pending(_) = self.state {
            return Err(StreamError::trap(
                "write not permitted: check-write was not called first",
            ));
        }
        if bytes.len() > MAX_WRITE {
            return Err(StreamError::trap(
                "write not permitted: it has more bytes than check-write allowed",
            ));
        }
        let (opened, shared) = (self.opened.clone(), Arc::clone(&self.shared));
        let (file, at) = (Arc::clone(&self.file), self.at);
        let writer = Arc::clone(&self.writer);
        let write = async move {
            let _writer = writer;
            opened.write(&shared, file, at, bytes).await
        };
        self.state = Writing::Pending(tokio::spawn(write));
        Ok(())
    }

    /// Nothing is kept back, so there is nothing to flush: the next `check-write` waits for what is under way.
    fn flush(&mut self) -> StreamResult<()> {
        self.check()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.check()?;
        match self.state {
            Writing::Pending(_) => Ok(0),
            _ => Ok(MAX_WRITE),
        }
    }

    async fn cancel(&mut self) {
        self.ready().await;
        self.state = Writing::Closed;
    }
}

/// A stream out of a file, which counts as open for as long.
pub(super) struct FileInput {
    pub(super) inner: DynInputStream,
    pub(super) _opened: Opened,
}

#[wasmtime_wasi::async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.inner.read(size)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.inner.blocking_read(size).await
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
