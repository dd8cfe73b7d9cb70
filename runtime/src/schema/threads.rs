//! Threads for compiling and evaluating schemas: with a stack that is large enough for the deepest
//! schema that is accepted, few at a time, and away from the threads that serve requests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::error::HostFault;
use crate::places::{PlaceLimits, Places};

/// The stack of each thread in bytes. The deepest evaluation that is accepted takes about an eighth of
/// it in a debug build. Only the part that is used takes memory.
const STACK: usize = 32 << 20;

/// Where schemas are compiled and expensive values are checked.
pub(crate) struct SchemaThreads {
    /// Lists of tools have places of their own, so that calls cannot keep skills from being loaded.
    lists: Arc<Semaphore>,
    /// One for each account, so that no account's dear values stand before all others'.
    values: Places,
}

/// The threads, as one account may use them.
#[derive(Clone, Copy)]
pub(crate) struct AccountThreads<'a> {
    threads: &'a SchemaThreads,
    account: &'a str,
}

/// The work panicked. It is the library's fault, and costs the one call or load that it served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

impl SchemaThreads {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            lists: Arc::new(Semaphore::new(places.max(1))),
            values: Places::new(PlaceLimits {
                per_account: 1,
                in_all: places.max(1),
                // The call's own time limit ends the wait.
                queue: Duration::MAX,
            }),
        }
    }

    /// The threads for an account's values.
    pub(crate) fn of<'a>(&'a self, account: &'a str) -> AccountThreads<'a> {
        AccountThreads {
            threads: self,
            account,
        }
    }

    /// Runs `work` on a list of tools, when it is its turn.
    pub(crate) async fn on_list<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, Panicked>, HostFault> {
        let place = Arc::clone(&self.lists).acquire_owned().await;
        on_thread(place.map_err(HostFault::engine)?, work).await
    }
}

impl AccountThreads<'_> {
    /// Runs `work` on a value, when it is its turn. A caller that stops waiting gives up its turn,
    /// but work that was begun keeps its place until it is done.
    pub(crate) async fn on_value<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, Panicked>, HostFault> {
        let place = self.threads.values.wait(self.account).await;
        on_thread(place.map_err(HostFault::engine)?, work).await
    }
}

async fn on_thread<T: Send + 'static>(
    place: impl Send + 'static,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Result<T, Panicked>, HostFault> {
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
        let account = threads.of("a");
        let first = account.on_value(move || {
            let _ = began.send(());
            wait.recv()
        });
        tokio::select! {
            _ = first => panic!("it cannot be done"),
            _ = begun => {}
        }
        assert_eq!(threads.values.free(), 0);
        go.send(()).unwrap();
        assert_eq!(threads.of("b").on_value(|| 2).await.unwrap(), Ok(2));
    }
}
