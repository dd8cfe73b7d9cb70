//! What a turn is tested with.

mod tools;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use skillgate_agent::{
    Budget, Event, EventReceiver, EventSender, Journal, JournalError, Message, Redactor,
    RetryPolicy, RunInput, Scripted, Step, event_queue,
};
use tokio_util::sync::CancellationToken;
use tools::TestTools;

/// One turn's surroundings.
pub struct Bench {
    pub provider: Arc<Scripted>,
    pub tools: Arc<TestTools>,
    pub journal: Arc<Memory>,
    sender: Arc<EventSender>,
}

type Receiver = Arc<Mutex<EventReceiver>>;

impl Bench {
    pub fn new(script: &str) -> Self {
        let (sender, receiver) = event_queue();
        Self {
            provider: Arc::new(Scripted::from_json(script).expect("a script")),
            tools: Arc::default(),
            journal: Arc::new(Memory::new(Arc::new(Mutex::new(receiver)))),
            sender: Arc::new(sender),
        }
    }

    pub fn turn(&self) -> RunInput {
        self.resumed(&[])
    }

    /// The turn as a new process finds it, with these steps in its journal.
    pub fn resumed(&self, steps: &[Step]) -> RunInput {
        let fast =
            |step: &Step| matches!(step, Step::ToolEnded { name, .. } if name == "math__fast");
        if steps.iter().any(fast) {
            self.tools.remember_fast();
        }
        RunInput {
            run_id: "run_1".into(),
            provider: self.provider.clone(),
            model: "scripted".into(),
            system: "Be brief.".into(),
            history: vec![Message::user("go")],
            tools: self.tools.clone(),
            journal: self.journal.clone(),
            events: self.sender.clone(),
            budget: Budget::default(),
            retry: RetryPolicy::default(),
            redactor: Arc::new(Redactor::default()),
            cancel: CancellationToken::new(),
            resume: steps.to_vec(),
        }
    }

    /// All events that were not taken yet.
    pub fn take_events(&self) -> Vec<Event> {
        let mut receiver = self.journal.events.lock().unwrap();
        std::iter::from_fn(|| receiver.try_recv()).collect()
    }
}

/// A journal in memory, which also knows how many events had been sent when each step was committed.
pub struct Memory {
    steps: Mutex<Vec<(Step, usize)>>,
    events: Receiver,
    limit: Mutex<usize>,
}

impl Memory {
    fn new(events: Receiver) -> Self {
        let (steps, limit) = (Mutex::default(), Mutex::new(usize::MAX));
        Self {
            steps,
            events,
            limit,
        }
    }

    pub fn steps(&self) -> Vec<Step> {
        let steps = self.steps.lock().unwrap();
        steps.iter().map(|(step, _)| step.clone()).collect()
    }

    /// How many events had been sent when the first such step was committed.
    pub fn events_before(&self, is_it: impl Fn(&Step) -> bool) -> Option<usize> {
        let steps = self.steps.lock().unwrap();
        steps
            .iter()
            .find(|(step, _)| is_it(step))
            .map(|(_, events)| *events)
    }

    /// Every step after so many is refused.
    pub fn fail_after(&self, steps: usize) {
        *self.limit.lock().unwrap() = steps;
    }
}

#[async_trait]
impl Journal for Memory {
    async fn append(&self, step: Step) -> Result<(), JournalError> {
        // Others get to run between the call and the commit, as with a real disk.
        tokio::task::yield_now().await;
        let mut steps = self.steps.lock().unwrap();
        if steps.len() >= *self.limit.lock().unwrap() {
            return Err(JournalError("the disk is full".into()));
        }
        steps.push((step, self.events.lock().unwrap().waiting()));
        Ok(())
    }
}

/// Two calls side by side, then one that is not repeatable, then an answer.
pub const TWO_STEPS: &str = r#"{"turns": [
    {"parts": [
        {"type": "text", "text": "Let me "}, {"type": "text", "text": "see."},
        {"type": "tool_call", "name": "math__slow", "arguments": {"n": 1}},
        {"type": "tool_call", "name": "math__fast", "arguments": {"n": 2}}
     ], "usage": {"inputTokens": 10, "outputTokens": 5, "cacheReadTokens": 3}},
    {"parts": [{"type": "tool_call", "name": "math__send"}], "usage": {"inputTokens": 20, "outputTokens": 1}},
    {"parts": [{"type": "text", "text": "All done."}], "usage": {"inputTokens": 30, "outputTokens": 2}}
]}"#;

/// A model that calls a tool for ever.
pub const ENDLESS: &str = r#"{"repeat": true, "turns": [
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}},
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}},
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}},
    {"parts": [{"type": "text", "text": "More."}, {"type": "tool_call", "name": "math__send"}], "usage": {"outputTokens": 40}}
]}"#;

/// The types of the steps, each with the name of its tool.
pub fn kinds(steps: &[Step]) -> Vec<String> {
    let kinds = steps.iter().map(|step| {
        let step = serde_json::to_value(step).expect("a step is JSON");
        match step["name"].as_str() {
            Some(name) => format!("{} {name}", step["type"].as_str().expect("a type")),
            None => step["type"].as_str().expect("a type").to_owned(),
        }
    });
    kinds.collect()
}

/// The results that the model was given last, each with whether it is an error.
pub fn last_results(bench: &Bench) -> Vec<(String, bool)> {
    let requests = bench.provider.requests();
    let last = requests.last().and_then(|request| request.messages.last());
    let parts = last
        .map(|message| message.parts.clone())
        .unwrap_or_default();
    let results = parts.into_iter().filter_map(|part| match part {
        skillgate_agent::Part::ToolResult {
            content, is_error, ..
        } => Some((content, is_error)),
        _ => None,
    });
    results.collect()
}
