//! Whose guest runs next. At any time as many guests are awake as there are threads for them; the
//! others wait here, not in the scheduler of the threads, which knows nothing of accounts. A guest
//! runs until it waits for something or its epoch ends; then the next one is woken, of the account
//! that had the fewest turns. So an account with a hundred busy guests has no more of the machine
//! than one with a single guest.
//!
//! The order is that of start-time fair queueing (Goyal, Vin and Cheng, 1996), with every turn taken
//! as one unit: an account that was away is neither punished for what it used while nobody waited,
//! nor paid for what it did not use.

use std::collections::{HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::accounts::Account;

/// Gives out turns. Within one account they go in the order in which its guests asked.
pub(crate) struct Turns(Mutex<Queue>);

struct Queue {
    /// Turns that can begin now. While there are any, nobody waits.
    free: usize,
    guests: HashMap<u64, Guest>,
    /// Accounts with guests that wait, in the order in which they came.
    lines: Vec<Line>,
    /// When the last turn that was given out starts, counted in turns of one account.
    now: u64,
    /// The number of the next guest.
    next: u64,
}

struct Guest {
    account: Arc<Account>,
    phase: Phase,
    /// Wakes the task that the guest runs in.
    task: Waker,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for something outside.
    Idle,
    /// Could run, and waits for its turn.
    Waiting,
    /// Its turn has come, and its task was woken.
    Called,
    /// Runs; whether it can run on when this turn is over.
    Running { woken: bool },
}

/// The guests of one account that wait, at least one.
struct Line {
    account: Arc<Account>,
    /// When its first guest's turn starts.
    start: u64,
    guests: VecDeque<u64>,
}

impl Turns {
    /// As many turns at a time as there are `threads`.
    pub(crate) fn new(threads: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Queue {
            free: threads.max(1),
            guests: HashMap::new(),
            lines: Vec::new(),
            now: 0,
            next: 0,
        })))
    }

    /// Runs `work`, every piece of it in a turn of `account`.
    pub(crate) async fn run<T>(
        self: &Arc<Self>,
        account: &Arc<Account>,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = pin!(work);
        let mut place: Option<Place> = None;
        poll_fn(|context| {
            let place = place.get_or_insert_with(|| Place::take(self, account, context.waker()));
            let Some(_turn) = place.turn(context.waker()) else {
                return Poll::Pending;
            };
            work.as_mut().poll(&mut Context::from_waker(&place.waker))
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

impl Queue {
    /// Takes a guest in that can run.
    fn enter(&mut self, account: &Arc<Account>, task: &Waker) -> u64 {
        let id = self.next;
        self.next += 1;
        let guest = Guest {
            account: Arc::clone(account),
            phase: Phase::Idle,
            task: task.clone(),
        };
        self.guests.insert(id, guest);
        self.wait(id);
        // Its own task is the one that runs now, and need not be woken.
        let _ = self.call_next();
        id
    }

    /// Begins a turn, if it has come. `task` is whom to wake otherwise.
    fn begin(&mut self, id: u64, task: &Waker) -> bool {
        let Some(guest) = self.guests.get_mut(&id) else {
            return false;
        };
        guest.task.clone_from(task);
        let begins = guest.phase == Phase::Called;
        if begins {
            guest.phase = Phase::Running { woken: false };
        }
        begins
    }

    /// What a guest waited for has happened.
    fn ready(&mut self, id: u64) -> Option<Waker> {
        let guest = self.guests.get_mut(&id)?;
        match guest.phase {
            Phase::Idle => self.wait(id),
            Phase::Running { .. } => guest.phase = Phase::Running { woken: true },
            Phase::Waiting | Phase::Called => {}
        }
        self.call_next()
    }

    /// A guest's turn is over.
    fn end(&mut self, id: u64) -> Option<Waker> {
        let guest = self.guests.get_mut(&id)?;
        let Phase::Running { woken } = guest.phase else {
            return None;
        };
        guest.phase = Phase::Idle;
        if woken {
            self.wait(id);
        }
        self.free += 1;
        self.call_next()
    }

    /// A guest has ended, in whatever phase.
    fn leave(&mut self, id: u64) -> (Option<Guest>, Option<Waker>) {
        let gone = self.guests.remove(&id);
        match gone.as_ref().map(|guest| guest.phase) {
            Some(Phase::Called | Phase::Running { .. }) => self.free += 1,
            Some(Phase::Waiting) => {
                for line in &mut self.lines {
                    line.guests.retain(|other| *other != id);
                }
                self.lines.retain(|line| !line.guests.is_empty());
            }
            Some(Phase::Idle) | None => {}
        }
        (gone, self.call_next())
    }

    /// Lines a guest up behind its account's others. An account that did not wait has its next turn
    /// now, but not before its last one ended.
    fn wait(&mut self, id: u64) {
        let Some(guest) = self.guests.get_mut(&id) else {
            return;
        };
        guest.phase = Phase::Waiting;
        let account = &guest.account;
        let mut lines = self.lines.iter_mut();
        match lines.find(|line| Arc::ptr_eq(&line.account, account)) {
            Some(line) => line.guests.push_back(id),
            None => self.lines.push(Line {
                start: self.now.max(account.turns.load(Ordering::Relaxed)),
                account: Arc::clone(account),
                guests: VecDeque::from([id]),
            }),
        }
    }

    /// Gives a free turn to the next guest of the account whose turn starts first.
    fn call_next(&mut self) -> Option<Waker> {
        if self.free == 0 {
            return None;
        }
        let starts = self.lines.iter().map(|line| line.start).enumerate();
        let (first, start) = starts.min_by_key(|(_, start)| *start)?;
        self.free -= 1;
        self.now = self.now.max(start);
        let line = &mut self.lines[first];
        line.start += 1;
        line.account.turns.store(line.start, Ordering::Relaxed);
        let next = line.guests.pop_front();
        if line.guests.is_empty() {
            self.lines.remove(first);
        }
        let guest = self.guests.get_mut(&next?)?;
        guest.phase = Phase::Called;
        Some(guest.task.clone())
    }
}

/// One guest's place.
struct Place {
    turns: Arc<Turns>,
    id: u64,
    /// What the guest is polled with.
    waker: Waker,
}

impl Place {
    fn take(turns: &Arc<Turns>, account: &Arc<Account>, task: &Waker) -> Self {
        let id = turns.queue().enter(account, task);
        let turns = Arc::clone(turns);
        let ready = Ready {
            turns: Arc::clone(&turns),
            id,
        };
        Self {
            turns,
            id,
            waker: Waker::from(Arc::new(ready)),
        }
    }

    /// Begins a turn, or waits for one.
    fn turn(&self, task: &Waker) -> Option<Turn<'_>> {
        let begins = self.turns.queue().begin(self.id, task);
        // A turn is made only when it begins: dropping one ends it.
        if begins { Some(Turn(self)) } else { None }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // The guest's task may go with its waker: not under the lock, which its end would ask for.
        let mut left = None;
        self.turns.change(|queue| {
            let (gone, next) = queue.leave(self.id);
            left = gone;
            next
        });
    }
}

/// A turn that is under way.
struct Turn<'a>(&'a Place);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns.change(|queue| queue.end(self.0.id));
    }
}

/// Lines a guest up when what it waited for has happened.
struct Ready {
    turns: Arc<Turns>,
    id: u64,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.turns.change(|queue| queue.ready(self.id));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::future::join_all;

    use super::*;
    use crate::accounts::Accounts;

    /// Lets others run, as a guest does at the end of an epoch.
    async fn end_of_epoch() {
        let mut ended = false;
        poll_fn(|context| {
            if std::mem::replace(&mut ended, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Runs a guest of each of `accounts` in a task of its own, on one thread, each for `epochs`, and
    /// gives the order in which they ran.
    async fn order(
        queue: &Arc<Turns>,
        accounts: &[&'static str],
        epochs: usize,
    ) -> Vec<&'static str> {
        let (known, ran) = (Accounts::new(8), Arc::new(Mutex::new(Vec::new())));
        let guests = accounts.iter().map(|name| {
            let (queue, account) = (Arc::clone(queue), known.of(name));
            let (name, ran) = (*name, Arc::clone(&ran));
            tokio::spawn(async move {
                let guest = async {
                    for _ in 0..epochs {
                        ran.lock().unwrap().push(name);
                        end_of_epoch().await;
                    }
                };
                queue.run(&account, guest).await;
            })
        });
        for guest in join_all(guests).await {
            guest.unwrap();
        }
        let ran = ran.lock().unwrap();
        ran.clone()
    }

    #[tokio::test]
    async fn an_account_with_many_guests_gets_no_more_turns_than_one_with_one() {
        let queue = Turns::new(1);
        let many = ["many", "many", "many", "many", "many", "many", "one"];
        let ran = order(&queue, &many, 8).await;
        assert_eq!(ran.len(), 56);
        // They alternate as soon as both wait.
        let last_of_one = ran.iter().rposition(|name| *name == "one").unwrap();
        assert!(last_of_one < 26, "{ran:?}");
        assert_eq!(queue.queue().free, 1);
        assert!(queue.queue().guests.is_empty());
    }

    #[tokio::test]
    async fn what_was_used_while_nobody_waited_is_not_held_against_an_account() {
        let queue = Turns::new(1);
        let known = Accounts::new(8);
        let (early, late) = (known.of("early"), known.of("late"));
        for _ in 0..100 {
            queue.run(&early, async {}).await;
        }
        let task = Waker::noop();
        let running = Place::take(&queue, &late, task);
        let turn = running.turn(task).unwrap();
        let waiting = [&late, &early, &late].map(|account| Place::take(&queue, account, task));
        assert!(waiting.iter().all(|place| place.turn(task).is_none()));
        drop(turn);
        // Each of these turns is over at once.
        let order: Vec<usize> = (0..3)
            .filter_map(|_| waiting.iter().position(|place| place.turn(task).is_some()))
            .collect();
        assert_eq!(order, [0, 1, 2], "late, early, late");
    }

    #[tokio::test]
    async fn a_guest_that_waits_for_something_holds_nobody_up() {
        let queue = Turns::new(1);
        let account = Accounts::new(8).of("a");
        let (send, receive) = tokio::sync::oneshot::channel::<u8>();
        let waits = queue.run(&account, receive);
        let answers = queue.run(&account, async move { send.send(7) });
        let (received, sent) = tokio::join!(waits, answers);
        assert_eq!((received, sent), (Ok(7), Ok(())));
    }

    #[test]
    fn a_guest_that_gives_up_does_not_keep_its_turn() {
        let (queue, known) = (Turns::new(1), Accounts::new(8));
        let task = Waker::noop();
        let accounts = ["a", "b", "c"].map(|name| known.of(name));
        let [running, called, waiting] =
            [0, 1, 2].map(|number: usize| Place::take(&queue, &accounts[number], task));
        let turn = running.turn(task).unwrap();
        assert!(called.turn(task).is_none() && waiting.turn(task).is_none());
        // One that waits, and one whose turn comes, give up.
        drop(waiting);
        drop(turn);
        drop(called);
        let mut next = pin!(queue.run(&accounts[2], async { "ran" }));
        let mut context = Context::from_waker(task);
        assert_eq!(next.poll_unpin(&mut context), Poll::Ready("ran"));
        drop(running);
        assert_eq!(queue.queue().free, 1);
    }
}
