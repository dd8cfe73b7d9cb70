//! Checking a text with a schema: the ordinary one at once, the expensive one on a thread of its
//! own, the one that could take too long not at all.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::compiled::{Bound, INLINE_TEXT, Schema};
use super::misfit::Misfit;
use super::threads::{AccountThreads, guarded};

impl Schema {
    /// Parses `text` and checks it; gives the value when it fits. Waits for a thread at most `patience`.
    pub(crate) async fn check(
        self: &Arc<Self>,
        text: &str,
        threads: AccountThreads<'_>,
        patience: Duration,
    ) -> Result<Value, Misfit> {
        if text.len() > INLINE_TEXT {
            let (schema, text) = (Arc::clone(self), text.to_owned());
            return on_thread(threads, patience, move || schema.check_here(&text)).await;
        }
        let value = self.parse(text)?;
        let bound = self.bound(&value, text.len());
        if self.is_small(&bound) {
            let checked = guarded(|| self.evaluate(&value, &bound));
            checked.unwrap_or(Err(Misfit::HostFailed))?;
            return Ok(value);
        }
        let schema = Arc::clone(self);
        let work = move || schema.check_value(value, bound);
        on_thread(threads, patience, work).await
    }

    /// Parses and checks on this thread, whose stack must be large.
    pub(super) fn check_here(&self, text: &str) -> Result<Value, Misfit> {
        let value = self.parse(text)?;
        let bound = self.bound(&value, text.len());
        self.check_value(value, bound)
    }

    fn check_value(&self, value: Value, bound: Bound) -> Result<Value, Misfit> {
        let bound = self.closer(&value, bound)?;
        self.evaluate(&value, &bound)?;
        Ok(value)
    }
}

async fn on_thread(
    threads: AccountThreads<'_>,
    patience: Duration,
    work: impl FnOnce() -> Result<Value, Misfit> + Send + 'static,
) -> Result<Value, Misfit> {
    match tokio::time::timeout(patience, threads.on_value(work)).await {
        Ok(Ok(done)) => done.unwrap_or(Err(Misfit::HostFailed)),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "a value could not be checked with its schema");
            Err(Misfit::HostFailed)
        }
        Err(_) => Err(Misfit::NotInTime(patience)),
    }
}
