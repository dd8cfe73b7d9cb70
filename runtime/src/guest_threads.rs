//! The threads that guests run on: a tokio runtime of its own, so that no guest, and none of the
//! work that is done for one, takes the threads that answer requests.

use std::future::Future;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::config::GuestConfig;
use crate::error::HostFault;

/// After how many polls a busy thread looks for finished disk and network work and for timers. A
/// guest's turn lasts up to a millisecond; tokio's default of 61 is made for far shorter ones.
const EVENT_INTERVAL: u32 = 8;

/// The guests' threads. Dropping them waits for nothing: what still runs on them is dropped there.
pub(crate) struct GuestThreads {
    /// Always there, until it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl GuestThreads {
    /// Starts them.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub(crate) fn start(config: &GuestConfig) -> Result<Self, HostFault> {
        let nice = config.nice;
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .max_blocking_threads(config.blocking_threads.max(1))
            .thread_stack_size(config.stack)
            .thread_name("skillgate-guest")
            .event_interval(EVENT_INTERVAL)
            .on_thread_start(move || give_way(nice))
            .enable_all()
            .build()
            .map_err(|error| HostFault::io("starting the guests' threads", error))?;
        Ok(Self {
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// Starts a task on these threads.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.handle.spawn(work.in_current_span())
    }

    /// Runs `work` on these threads and waits for it. When the waiting is given up, the work is too.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, HostFault> {
        AbortOnDropHandle::new(self.spawn(work)).await.map_err(lost)
    }

    /// Whether this is one of these threads.
    pub(crate) fn are_current(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.handle.id())
    }
}

impl Drop for GuestThreads {
    /// The last owner may be a task: waiting here could block a thread that must not, and panics there.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lowers this thread's priority. Where the system does not allow it, all threads are equal.
fn give_way(nice: i32) {
    // On Linux a nice value is a thread's own, and "this process" means the calling thread: setpriority(2).
    if let Err(error) = rustix::process::setpriority_process(None, nice) {
        tracing::debug!("a guests' thread keeps its priority: {error}");
    }
}

/// What it means that a task gave no answer.
fn lost(error: JoinError) -> HostFault {
    match error.try_into_panic() {
        Ok(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied());
            HostFault::Engine(format!("a call panicked: {}", message.unwrap_or("unknown")))
        }
        Err(_) => HostFault::Engine("its threads were shut down".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threads() -> GuestThreads {
        GuestThreads::start(&GuestConfig::default()).unwrap()
    }

    #[tokio::test]
    async fn work_runs_on_threads_of_its_own_that_give_way() {
        let threads = threads();
        assert!(!threads.are_current());
        let (name, nice) = threads
            .run(async {
                let nice = rustix::process::getpriority_process(None).unwrap();
                (std::thread::current().name().map(str::to_owned), nice)
            })
            .await
            .unwrap();
        assert_eq!(name.as_deref(), Some("skillgate-guest"));
        assert!(nice >= rustix::process::getpriority_process(None).unwrap());
        assert!(nice >= 10);
    }

    #[tokio::test]
    async fn a_panic_is_a_fault_with_its_words() {
        let fault = threads()
            .run(async { panic!("a broken assumption") })
            .await
            .unwrap_err();
        assert!(fault.to_string().contains("a broken assumption"), "{fault}");
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let threads = threads();
        let (alive, ended) = tokio::sync::oneshot::channel::<()>();
        let work = threads.run(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        assert!(futures::poll!(std::pin::pin!(work)).is_pending());
        assert!(ended.await.is_err(), "its sender is dropped with it");
    }

    #[tokio::test]
    async fn they_can_be_dropped_in_a_task_of_theirs() {
        let threads = std::sync::Arc::new(threads());
        let last = threads.clone();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let (done, was_done) = tokio::sync::oneshot::channel();
        threads.spawn(async move {
            let _ = gone.await;
            drop(last);
            let _ = done.send(());
        });
        drop(threads);
        go.send(()).unwrap();
        assert!(was_done.await.is_ok(), "dropping them panicked");
    }
}
