//! Whose guest runs next. A guest runs in turns of at most one epoch, as many at a time as there are
//! threads for them; when more want to run, accounts take turns, and so an account with a hundred
//! busy guests has no more of the machine than one with a single guest.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::accounts::AccountId;

/// Gives out turns. Within one account they go in the order in which its guests asked.
pub(crate) struct Turns(Mutex<Queue>);

struct Queue {
    /// Turns that can begin now. While there are any, nobody waits.
    free: usize,
    /// The accounts whose guests wait, the next one first, each with its guests. None is empty.
    accounts: VecDeque<(AccountId, VecDeque<Waiting>)>,
    /// Tickets whose turn has come and was not begun yet.
    called: Vec<u64>,
    /// The number of the next ticket.
    next: u64,
}

struct Waiting {
    ticket: u64,
    waker: Waker,
}

impl Turns {
    /// As many turns at a time as there are `threads`.
    pub(crate) fn new(threads: usize) -> Self {
        Self(Mutex::new(Queue {
            free: threads.max(1),
            accounts: VecDeque::new(),
            called: Vec::new(),
            next: 0,
        }))
    }

    /// Runs `work`, every piece of it in a turn of `account`.
    pub(crate) async fn run<T>(&self, account: AccountId, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut place = Place {
            turns: self,
            account,
            ticket: None,
        };
        poll_fn(|context| match place.turn(context) {
            Some(_turn) => work.as_mut().poll(context),
            None => Poll::Pending,
        })
        .await
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes a turn on that is over.
    fn pass_on(&self) {
        let next = self.queue().call_next();
        // Not under the lock: waking runs the scheduler's code.
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

impl Queue {
    /// Gives the turn to the next guest of the next account, if any waits.
    fn call_next(&mut self) -> Option<Waker> {
        let Some((account, mut guests)) = self.accounts.pop_front() else {
            self.free += 1;
            return None;
        };
        let next = guests.pop_front();
        if !guests.is_empty() {
            self.accounts.push_back((account, guests));
        }
        let next = next?;
        self.called.push(next.ticket);
        Some(next.waker)
    }

    /// Lines up behind the account's other guests.
    fn wait(&mut self, account: AccountId, waker: Waker) -> u64 {
        let ticket = self.next;
        self.next += 1;
        let waiting = Waiting { ticket, waker };
        match self.of(account) {
            Some(guests) => guests.push_back(waiting),
            None => self
                .accounts
                .push_back((account, VecDeque::from([waiting]))),
        }
        ticket
    }

    /// Whether this ticket's turn has come; it can be asked once.
    fn begins(&mut self, ticket: u64) -> bool {
        let place = self.called.iter().position(|called| *called == ticket);
        place.map(|place| self.called.swap_remove(place)).is_some()
    }

    /// A guest that waits is woken by the task that asked last.
    fn renew(&mut self, account: AccountId, ticket: u64, waker: &Waker) {
        let guests = self.of(account).into_iter().flatten();
        for waiting in guests.filter(|waiting| waiting.ticket == ticket) {
            waiting.waker.clone_from(waker);
        }
    }

    fn leave(&mut self, account: AccountId, ticket: u64) {
        if let Some(guests) = self.of(account) {
            guests.retain(|waiting| waiting.ticket != ticket);
        }
        self.accounts.retain(|(_, guests)| !guests.is_empty());
    }

    fn of(&mut self, account: AccountId) -> Option<&mut VecDeque<Waiting>> {
        let mut accounts = self.accounts.iter_mut();
        accounts.find_map(|(other, guests)| (*other == account).then_some(guests))
    }
}

/// One guest's place.
struct Place<'a> {
    turns: &'a Turns,
    account: AccountId,
    /// While it waits.
    ticket: Option<u64>,
}

impl<'a> Place<'a> {
    /// Begins a turn, or waits for one.
    fn turn(&mut self, context: &Context<'_>) -> Option<Turn<'a>> {
        let mut queue = self.turns.queue();
        match self.ticket {
            None if queue.free > 0 => queue.free -= 1,
            None => {
                self.ticket = Some(queue.wait(self.account, context.waker().clone()));
                return None;
            }
            Some(ticket) if queue.begins(ticket) => self.ticket = None,
            Some(ticket) => {
                queue.renew(self.account, ticket, context.waker());
                return None;
            }
        }
        Some(Turn(self.turns))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut queue = self.turns.queue();
        if queue.begins(ticket) {
            drop(queue);
            self.turns.pass_on();
        } else {
            queue.leave(self.account, ticket);
        }
    }
}

/// A turn that is under way.
struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use futures::future::join_all;
    use tokio::task::yield_now;

    use super::*;

    /// Runs a guest for each of `accounts`, all at once on one thread, each for `turns` turns, and
    /// gives the order in which they ran.
    async fn order(accounts: &[u64], turns: usize) -> Vec<u64> {
        let (queue, ran) = (Turns::new(1), Mutex::new(Vec::new()));
        // Somebody runs already, so that all of them wait.
        let running = Place {
            turns: &queue,
            account: AccountId(0),
            ticket: None,
        }
        .turn(&Context::from_waker(Waker::noop()));
        let guest = |account: &u64| {
            let (account, ran) = (*account, &ran);
            queue.run(AccountId(account), async move {
                for _ in 0..turns {
                    ran.lock().unwrap().push(account);
                    yield_now().await;
                }
            })
        };
        let mut guests = pin!(join_all(accounts.iter().map(guest)));
        assert!(futures::poll!(guests.as_mut()).is_pending());
        drop(running);
        guests.await;
        let ran = ran.lock().unwrap();
        ran.clone()
    }

    #[tokio::test]
    async fn accounts_take_turns_however_many_guests_one_has() {
        let ran = order(&[1, 1, 1, 1, 1, 1, 2], 4).await;
        let last_of_two = ran.iter().rposition(|account| *account == 2).unwrap();
        assert!(last_of_two <= 8, "{ran:?}");
        assert_eq!(ran.len(), 28);
    }

    #[tokio::test]
    async fn guests_of_one_account_take_turns_too() {
        let queue = Arc::new(Turns::new(1));
        let ran = order(&[7, 7, 7], 2).await;
        assert_eq!(ran, [7; 6]);
        assert_eq!(queue.queue().free, 1);
    }

    #[test]
    fn a_guest_that_gives_up_does_not_keep_its_turn() {
        let queue = Turns::new(1);
        let mut context = Context::from_waker(Waker::noop());
        let place = |account| Place {
            turns: &queue,
            account: AccountId(account),
            ticket: None,
        };
        let running = place(0).turn(&context).unwrap();
        // One that waits, and one whose turn comes, give up.
        let (mut called, mut waiting) = (place(1), place(2));
        assert!(called.turn(&context).is_none() && waiting.turn(&context).is_none());
        drop(waiting);
        drop(running);
        assert_eq!(queue.queue().called.len(), 1);
        drop(called);
        let mut next = pin!(queue.run(AccountId(3), async { "ran" }));
        assert_eq!(next.poll_unpin(&mut context), Poll::Ready("ran"));
        assert_eq!(queue.queue().free, 1);
    }
}
