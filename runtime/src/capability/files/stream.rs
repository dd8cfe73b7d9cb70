//! A stream into a file, with the folder's quota around it.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError};

use super::Quota;
use crate::folder::Hold;
use crate::state::Shared;

/// A stream into a file that charges what it writes.
pub(super) struct QuotaStream {
    pub(super) inner: DynOutputStream,
    pub(super) owner: Arc<Quota>,
    pub(super) shared: Arc<Shared>,
    /// The write under way, if any.
    pub(super) hold: Option<Hold>,
}

impl QuotaStream {
    fn charge(&self, more: usize) -> Result<Hold, StreamError> {
        self.owner
            .charge(&self.shared, more as u64)
            .map_err(|full| StreamError::LastOperationFailed(full.into()))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for QuotaStream {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for QuotaStream {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        let hold = self.charge(bytes.len())?;
        self.inner.write(bytes)?;
        self.hold = Some(hold);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        let permitted = self.inner.check_write()?;
        if permitted > 0 {
            self.hold = None;
        }
        Ok(permitted)
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        let _hold = self.charge(bytes.len())?;
        self.inner.blocking_write_and_flush(bytes).await
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
