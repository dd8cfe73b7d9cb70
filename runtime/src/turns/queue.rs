//! Who has a turn, who waits for one, and who is next.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::Turns;
use crate::accounts::Account;

/// The turns that are free, and the guests that wait for one.
pub(super) struct Queue {
    /// Turns that can begin now. While there are any, nobody waits.
    pub(super) free: usize,
    /// Accounts with guests that wait, in the order in which they came.
    pub(super) lines: Vec<Line>,
    /// When the last turn that was given out starts, counted in turns of one account.
    now: u64,
}

/// The guests of one account that wait, at least one.
pub(super) struct Line {
    account: Arc<Account>,
    /// When its first guest's turn starts.
    start: u64,
    guests: VecDeque<Arc<Guest>>,
}

/// One guest. Its state is changed by the queue alone, under the queue's lock.
pub(super) struct Guest {
    pub(super) turns: Arc<Turns>,
    account: Arc<Account>,
    state: Mutex<GuestState>,
}

struct GuestState {
    phase: Phase,
    /// Wakes the task that the guest runs in.
    task: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Never had a turn.
    New,
    /// Waits for something outside.
    Idle,
    /// Could run, and waits for its turn.
    Waiting,
    /// Its turn has come, and its task was woken.
    Called,
    /// Runs; whether it can run on when this turn is over.
    Running { woken: bool },
}

impl Guest {
    pub(super) fn new(turns: &Arc<Turns>, account: &Arc<Account>) -> Arc<Self> {
        Arc::new(Self {
            turns: Arc::clone(turns),
            account: Arc::clone(account),
            state: Mutex::new(GuestState {
                phase: Phase::New,
                task: None,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, GuestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    pub(super) fn new(turns: usize) -> Self {
        Self {
            free: turns,
            lines: Vec::new(),
            now: 0,
        }
    }

    /// Begins a turn, if one is free for a guest that never had one, or the guest was called. Else
    /// `task` is woken when its turn comes.
    pub(super) fn begin(&mut self, guest: &Arc<Guest>, task: &Waker) -> bool {
        let mut state = guest.state();
        if state.phase == Phase::New {
            self.call(guest, &mut state);
        }
        let begins = state.phase == Phase::Called;
        if begins {
            state.phase = Phase::Running { woken: false };
        } else {
            state.wakes(task);
        }
        begins
    }

    /// What a guest waited for has happened.
    pub(super) fn ready(&mut self, guest: &Arc<Guest>) -> Option<Waker> {
        let mut state = guest.state();
        let phase = state.phase;
        match phase {
            Phase::Idle => {
                let called = self.call(guest, &mut state);
                return called.then(|| state.task.clone()).flatten();
            }
            Phase::Running { .. } => state.phase = Phase::Running { woken: true },
            // Nothing wakes who never had a turn.
            Phase::New | Phase::Waiting | Phase::Called => {}
        }
        None
    }

    /// A guest's turn is over.
    pub(super) fn end(&mut self, guest: &Arc<Guest>, task: &Waker) -> Option<Waker> {
        let mut state = guest.state();
        let Phase::Running { woken } = state.phase else {
            return None;
        };
        state.wakes(task);
        state.phase = Phase::Idle;
        if woken {
            self.line_up(guest, &mut state);
        }
        drop(state);
        self.free += 1;
        self.call_next()
    }

    /// A guest has ended, in whatever phase. Gives its task, and that of the next one.
    pub(super) fn leave(&mut self, guest: &Arc<Guest>) -> (Option<Waker>, Option<Waker>) {
        let mut state = guest.state();
        let task = state.task.take();
        match std::mem::replace(&mut state.phase, Phase::Running { woken: false }) {
            Phase::Called | Phase::Running { .. } => self.free += 1,
            Phase::Waiting => {
                for line in &mut self.lines {
                    line.guests.retain(|other| !Arc::ptr_eq(other, guest));
                }
                self.lines.retain(|line| !line.guests.is_empty());
            }
            Phase::New | Phase::Idle => {}
        }
        drop(state);
        (task, self.call_next())
    }

    /// Calls a guest when a turn is free, or lines it up. An account that did not wait has its next
    /// turn now, but not before its last one ended.
    fn call(&mut self, guest: &Arc<Guest>, state: &mut GuestState) -> bool {
        if self.free == 0 {
            self.line_up(guest, state);
            return false;
        }
        self.give(&guest.account, self.next_start(&guest.account));
        state.phase = Phase::Called;
        true
    }

    /// Lines a guest up behind its account's others.
    fn line_up(&mut self, guest: &Arc<Guest>, state: &mut GuestState) {
        state.phase = Phase::Waiting;
        let account = &guest.account;
        let guest = Arc::clone(guest);
        let mut lines = self.lines.iter_mut();
        match lines.find(|line| Arc::ptr_eq(&line.account, account)) {
            Some(line) => line.guests.push_back(guest),
            None => self.lines.push(Line {
                start: self.next_start(account),
                account: Arc::clone(account),
                guests: VecDeque::from([guest]),
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
        let line = &mut self.lines[first];
        line.start += 1;
        let next = line.guests.pop_front();
        let account = Arc::clone(&line.account);
        if line.guests.is_empty() {
            self.lines.remove(first);
        }
        self.give(&account, start);
        let next = next?;
        let mut state = next.state();
        state.phase = Phase::Called;
        state.task.clone()
    }

    /// A turn of `account` that starts then is given out.
    fn give(&mut self, account: &Account, start: u64) {
        self.free -= 1;
        self.now = self.now.max(start);
        account.turns.store(start + 1, Ordering::Relaxed);
    }

    /// When the next turn of an account that does not wait starts.
    fn next_start(&self, account: &Account) -> u64 {
        self.now.max(account.turns.load(Ordering::Relaxed))
    }
}

impl GuestState {
    /// Remembers whom to wake.
    fn wakes(&mut self, task: &Waker) {
        match &mut self.task {
            Some(known) => known.clone_from(task),
            None => self.task = Some(task.clone()),
        }
    }
}
