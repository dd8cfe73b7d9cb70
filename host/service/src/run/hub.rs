//! The runs that are under way or listened to: what was committed lately and the text of the answer under way, for any
//! number of listeners. A listener that is further behind reads the journal; nothing is kept for one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use skillgate_agent::{Failure, Step, TextListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::event::{Following, Position, RunEvent, StepEvents, text_after};
use crate::config::MAX_RECENT_EVENT_BYTES;

/// All runs that somebody drives, waits to drive, or listens to.
#[derive(Default)]
pub(crate) struct RunHub(Mutex<HashMap<String, Weak<LiveRun>>>);

impl RunHub {
    /// The run of this id, the same for all who ask while one of them keeps it.
    pub(crate) fn run(&self, id: &str) -> Arc<LiveRun> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(id).and_then(Weak::upgrade) {
            return run;
        }
        // Before the map would grow: what it holds is in proportion to the runs that there are at once.
        if runs.len() == runs.capacity() {
            runs.retain(|_, run| run.strong_count() > 0);
        }
        let run = Arc::new(LiveRun::new(id));
        runs.insert(id.to_owned(), Arc::downgrade(&run));
        run
    }
}

/// What this process knows of a run.
pub(crate) struct LiveRun {
    id: String,
    cancel: CancellationToken,
    state: Mutex<State>,
    news: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// How many tasks drive the run or wait to.
    attendants: usize,
    listeners: usize,
    /// The number of the next step; unknown until the run is driven.
    next: Option<i64>,
    /// The last steps, without gaps, up to `next`; none where nobody listens.
    recent: VecDeque<StepEvents>,
    recent_bytes: usize,
    /// The text of the answer under way, which `next` will have. Bounded by what is taken in of one answer.
    text: String,
    ended: bool,
    /// Why the run stands still here without having ended.
    interrupted: Option<Failure>,
}

/// What a run has for a listener at some position.
pub(crate) enum Next {
    /// An event, and the position of who has it.
    Event(Position, RunEvent),
    /// More than is kept here: the journal has it.
    Behind,
    /// Nothing yet.
    Nothing,
    /// The listener was shown text that was never committed.
    Lost,
    /// The run has ended.
    Ended,
    /// The run stands still here.
    Interrupted(Failure),
}

impl LiveRun {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            cancel: CancellationToken::new(),
            state: Mutex::default(),
            news: watch::Sender::default(),
        }
    }

    /// Cancelled when the run is to end.
    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Tells of every change from now on.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Notes that a task drives the run, or waits to, until what this returns is dropped.
    pub(crate) fn attend(self: &Arc<Self>) -> Attendance {
        self.lock().attendants += 1;
        Attendance(self.clone())
    }

    /// Notes that somebody listens, until what this returns is dropped.
    pub(crate) fn listen(self: &Arc<Self>) -> Listening {
        self.lock().listeners += 1;
        Listening(self.clone())
    }

    /// Whether some task will bring the run to its end.
    pub(crate) fn is_attended(&self) -> bool {
        self.lock().attendants > 0
    }

    /// Whether the run's end was committed here.
    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Whether the run goes on here just now.
    pub(crate) fn is_driven(&self) -> bool {
        let state = self.lock();
        state.next.is_some() && !state.ended && state.interrupted.is_none()
    }

    /// Begins to drive the run, whose next step has this number.
    pub(crate) fn begin(&self, next: i64) {
        let mut state = self.lock();
        state.next = Some(next);
        state.interrupted = None;
        state.forget_recent();
        drop(state);
        self.news.send_replace(());
    }

    /// Tells of a step that was committed.
    pub(crate) fn publish(&self, number: i64, step: &Step) {
        let is_heard = self.lock().listeners > 0;
        let events = is_heard.then(|| StepEvents::of(&self.id, number, step));
        let mut state = self.lock();
        if state.next != Some(number) {
            state.forget_recent();
        }
        match events {
            Some(events) => state.keep(events),
            None => state.forget_recent(),
        }
        state.text = String::new();
        state.next = Some(number.saturating_add(1));
        state.ended |= matches!(step, Step::Ended { .. });
        drop(state);
        self.news.send_replace(());
    }

    /// Tells that the run stands still here without having ended, and why.
    pub(crate) fn interrupt(&self, why: Failure) {
        self.lock().interrupted = Some(why);
        self.news.send_replace(());
    }

    /// What follows `position`, which is moved over steps that have no further events.
    pub(crate) fn following(&self, position: &mut Position) -> Next {
        self.lock().following(position)
    }

    /// A panic elsewhere leaves the state whole: nothing in between can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TextListener for LiveRun {
    fn hear(&self, piece: &str) {
        self.lock().text.push_str(piece);
        self.news.send_replace(());
    }
}

impl State {
    fn keep(&mut self, events: StepEvents) {
        self.recent_bytes += events.bytes();
        self.recent.push_back(events);
        while self.recent_bytes > MAX_RECENT_EVENT_BYTES {
            let Some(oldest) = self.recent.pop_front() else {
                break;
            };
            self.recent_bytes = self.recent_bytes.saturating_sub(oldest.bytes());
        }
    }

    fn forget_recent(&mut self) {
        self.recent = VecDeque::new();
        self.recent_bytes = 0;
    }

    fn following(&self, position: &mut Position) -> Next {
        let Some(next) = self.next else {
            return Next::Nothing;
        };
        let first = self.recent.front().map_or(next, |events| events.step);
        if position.step < first {
            return Next::Behind;
        }
        let skipped = usize::try_from(position.step - first).unwrap_or(usize::MAX);
        for events in self.recent.iter().skip(skipped) {
            match events.after(*position) {
                Following::Event(position, event) => return Next::Event(position, event),
                Following::Lost => return Next::Lost,
                Following::Nothing => *position = Position::before(events.step.saturating_add(1)),
            }
        }
        self.under_way(next, position)
    }

    /// What follows a position behind all committed steps.
    fn under_way(&self, next: i64, position: &mut Position) -> Next {
        if self.ended {
            return Next::Ended;
        }
        // A step is read in the journal before it is told of here.
        if *position == Position::before(next.saturating_add(1)) {
            return Next::Nothing;
        }
        if position.step > next {
            *position = Position::before(next);
            return Next::Lost;
        }
        match (text_after(&self.text, *position), &self.interrupted) {
            (Following::Event(position, event), _) => Next::Event(position, event),
            (Following::Lost, None) => Next::Lost,
            (Following::Lost | Following::Nothing, Some(why)) => Next::Interrupted(why.clone()),
            (Following::Nothing, None) => Next::Nothing,
        }
    }
}

/// A task that drives a run, or waits to.
pub(crate) struct Attendance(Arc<LiveRun>);

impl Drop for Attendance {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.attendants -= 1;
        let is_abandoned = state.attendants == 0 && state.next.is_some() && !state.ended;
        if is_abandoned && state.interrupted.is_none() {
            state.interrupted = Some(abandoned());
        }
        drop(state);
        self.0.news.send_replace(());
    }
}

/// Why a run stands still of which the task is gone.
fn abandoned() -> Failure {
    Failure {
        code: "internal_error".to_owned(),
        message: "The server stopped to work on this run. The run goes on after a restart."
            .to_owned(),
    }
}

/// Somebody who listens to a run.
pub(crate) struct Listening(Arc<LiveRun>);

impl Listening {
    pub(crate) fn run(&self) -> &LiveRun {
        &self.0
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.listeners -= 1;
        if state.listeners == 0 {
            state.forget_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn result(content: &str) -> Step {
        serde_json::from_value(json!({
            "type": "tool_ended", "answer": 0, "call": 0, "id": "a", "name": "b", "content": content,
            "outcome": "result", "isError": false, "receipt": null,
        }))
        .unwrap()
    }

    #[test]
    fn runs_that_nobody_keeps_are_forgotten() {
        let hub = RunHub::default();
        let kept = hub.run("kept");
        for number in 0..10_000 {
            hub.run(&number.to_string());
        }
        assert!(hub.0.lock().unwrap().len() < 100);
        assert!(Arc::ptr_eq(&kept, &hub.run("kept")));
    }

    #[test]
    fn what_is_kept_is_bounded_and_a_listener_that_falls_behind_is_told() {
        let run = RunHub::default().run("run_1");
        run.begin(0);
        let listening = run.listen();
        let mut behind = Position::default();
        for number in 0..100 {
            run.publish(number, &result(&"x".repeat(4 << 10)));
            assert!(run.lock().recent_bytes <= MAX_RECENT_EVENT_BYTES);
        }
        assert!(matches!(run.following(&mut behind), Next::Behind));
        let mut close = Position::before(99);
        assert!(matches!(run.following(&mut close), Next::Event(..)));
        run.publish(100, &result(&"x".repeat(MAX_RECENT_EVENT_BYTES)));
        assert!(run.lock().recent.is_empty(), "larger than all that is kept");
        assert!(matches!(
            run.following(&mut Position::before(100)),
            Next::Behind
        ));
        drop(listening);
        run.publish(101, &result("small"));
        assert!(run.lock().recent.is_empty(), "nobody listens");
    }

    #[test]
    fn a_step_that_was_read_before_it_is_told_of_takes_nothing_back() {
        let run = RunHub::default().run("run_1");
        run.begin(3);
        let mut ahead = Position::before(4);
        assert!(matches!(run.following(&mut ahead), Next::Nothing));
        assert_eq!(ahead, Position::before(4));
        assert!(matches!(
            run.following(&mut Position::before(5)),
            Next::Lost
        ));
    }

    #[test]
    fn text_that_was_shown_and_not_committed_is_lost() {
        let run = RunHub::default().run("run_1");
        run.begin(3);
        run.hear("Hel");
        let mut shown = Position {
            step: 3,
            text: 7,
            others: 0,
        };
        assert!(matches!(run.following(&mut shown), Next::Lost));
        let mut start = Position::before(3);
        let Next::Event(position, event) = run.following(&mut start) else {
            panic!("no text");
        };
        let content = "Hel".to_owned();
        assert_eq!((position.text, event), (3, RunEvent::Text { content }));
    }
}
