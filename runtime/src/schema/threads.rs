//! Threads for compiling and evaluating schemas: with a stack that is large enough for the deepest
//! schema that is accepted, few at a time, and away from the threads that serve requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use crate::error::HostFault;

/// The stack of each thread in bytes. The deepest evaluation that is accepted takes about an eighth of
/// it in a debug build. Only the part that is used takes memory.
const STACK: usize = 32 << 20;

/// Where schemas are compiled and expensive values are checked.
pub(crate) struct SchemaThreads {
    /// Lists of tools have places of their own, so that calls cannot keep skills from being loaded.
    lists: Arc<Semaphore>,
    values: Arc<Semaphore>,
}

/// The work panicked. It is the library's fault, and costs the one call or load that it served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

impl SchemaThreads {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            lists: Arc::new(Semaphore::new(places.max(1))),
            values: Arc::new(Semaphore::new(places.max(1))),
        }
    }

    /// Runs `work` on a list of tools, when it is its turn.
    pub(crate) async fn on_list<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, Panicked>, HostFault> {
        on_thread(&self.lists, work).await
    }

    /// Runs `work` on a value, when it is its turn. A caller that stops waiting gives up its turn,
    /// but work that was begun keeps its place until it is done.
    pub(crate) async fn on_value<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, Panicked>, HostFault> {
        on_thread(&self.values, work).await
    }
}

async fn on_thread<T: Send + 'static>(
    places: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Result<T, Panicked>, HostFault> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(HostFault::engine)?;
    let (done, result) = oneshot::channel();
    // A thread of its own for each: it costs some 20 µs, beside work of more than that, and none is idle.
    std::thread::Builder::new()
        .name("schema".into())
        .stack_size(STACK)
        .spawn(move || {
            let _place = place;
            // Whoever waited may be gone.
            let _ = done.send(guarded(work));
        })
        .map_err(|error| HostFault::io("starting a thread for a schema", error))?;
    // A thread that was killed without an answer did not do its work either.
    Ok(result.await.unwrap_or(Err(Panicked)))
}

/// Runs `work` and catches its panic, which is logged.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    // What `work` holds is dropped with it, so nobody sees it half changed.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!("the JSON Schema library panicked");
        Panicked
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_work_and_frees_its_place() {
        let threads = SchemaThreads::new(1);
        let work = || -> u8 { panic!("on purpose") };
        assert_eq!(threads.on_list(work).await.unwrap(), Err(Panicked));
        assert_eq!(threads.on_list(|| 1).await.unwrap(), Ok(1));
    }

    #[tokio::test]
    async fn work_whose_caller_is_gone_keeps_its_place_until_it_is_done() {
        let threads = SchemaThreads::new(1);
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let first = threads.on_value(move || {
            let _ = began.send(());
            wait.recv()
        });
        tokio::select! {
            _ = first => panic!("it cannot be done"),
            _ = begun => {}
        }
        assert_eq!(threads.values.available_permits(), 0);
        go.send(()).unwrap();
        assert_eq!(threads.on_value(|| 2).await.unwrap(), Ok(2));
    }
}
