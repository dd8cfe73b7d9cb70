//! Whose guest runs next. At any time as many guests are awake as there are threads for them; the
//! others wait here, not in the scheduler of the threads, which knows nothing of accounts. A guest
//! runs until it waits for something or its epoch ends; then the next one is woken, of the account
//! that had the fewest turns. So an account with a hundred busy guests has no more of the machine
//! than one with a single guest.
//!
//! The order is that of start-time fair queueing (Goyal, Vin and Cheng, 1996), with every turn taken
//! as one unit: an account that was away is neither punished for what it used while nobody waited,
//! nor paid for what it did not use.

mod queue;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::accounts::Account;
use queue::{Guest, Queue};

/// Gives out turns. Within one account they go in the order in which its guests asked.
pub(crate) struct Turns(Mutex<Queue>);

impl Turns {
    /// As many turns at a time as there are `threads`.
    pub(crate) fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Queue::new(threads.max(1)))))
    }

    /// Runs `work`, every piece of it in a turn of `account`.
    pub(crate) async fn run<T>(
        self: &Arc<Self>,
        account: &Arc<Account>,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> T {
        let place = Place::new(self, account);
        let woken_by_work = Waker::from(Arc::clone(&place.0));
        poll_fn(|context| {
            if !place.begin(context.waker()) {
                return Poll::Pending;
            }
            let polled = work.as_mut().poll(&mut Context::from_waker(&woken_by_work));
            // With the work, and when it panics, the turn ends as the place is left.
            if polled.is_pending() {
                place.end(context.waker());
            }
            polled
        })
        .await
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the queue, and wakes the guest whose turn came by it; not under the lock, because
    /// waking runs the scheduler's code.
    fn change(&self, change: impl FnOnce(&mut Queue) -> Option<Waker>) {
        let next = change(&mut self.queue());
        if let Some(task) = next {
            task.wake();
        }
    }
}

/// One guest's place: it leaves when this is dropped.
struct Place(Arc<Guest>);

impl Place {
    fn new(turns: &Arc<Turns>, account: &Arc<Account>) -> Self {
        Self(Guest::new(turns, account))
    }

    /// Begins a turn, or lines up for one; then `task` is woken when it comes.
    fn begin(&self, task: &Waker) -> bool {
        self.0.turns.queue().begin(&self.0, task)
    }

    /// Ends a turn of a guest that has not ended. `task` is woken when its next one comes.
    fn end(&self, task: &Waker) {
        self.0.turns.change(|queue| queue.end(&self.0, task));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The guest's task may go with its waker: not under the lock, which its end would ask for.
        let mut left = None;
        self.0.turns.change(|queue| {
            let (task, next) = queue.leave(&self.0);
            left = task;
            next
        });
    }
}

/// What a guest waited for has happened.
impl Wake for Guest {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.turns.change(|queue| queue.ready(self));
    }
}
