//! What a turn is tested with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "test support"
)]

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use skillgate_agent::{
    Budget, Event, Journal, JournalError, Message, Redactor, RetryPolicy, Scripted, Step,
    ToolAnswer, ToolSpec, Tools, ToolsError, Turn,
};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

/// One turn's surroundings.
pub struct Bench {
    pub provider: Arc<Scripted>,
    pub tools: Arc<TestTools>,
    pub journal: Arc<Memory>,
    sender: mpsc::UnboundedSender<Event>,
}

type Receiver = Arc<Mutex<mpsc::UnboundedReceiver<Event>>>;

impl Bench {
    pub fn new(script: &str) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            provider: Arc::new(Scripted::from_json(script).expect("a script")),
            tools: Arc::default(),
            journal: Arc::new(Memory::new(Arc::new(Mutex::new(receiver)))),
            sender,
        }
    }

    pub fn turn(&self) -> Turn {
        self.resumed(&[])
    }

    /// The turn as a new process finds it, with these steps in its journal.
    pub fn resumed(&self, steps: &[Step]) -> Turn {
        let fast =
            |step: &Step| matches!(step, Step::ToolEnded { name, .. } if name == "math__fast");
        if steps.iter().any(fast) {
            self.tools.fast_ended.notify_one();
        }
        Turn {
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
        std::iter::from_fn(|| receiver.try_recv().ok()).collect()
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
        steps.push((step, self.events.lock().unwrap().len()));
        Ok(())
    }
}

/// Tools of one skill, `math`: `slow` waits for `fast`, `send` is not repeatable, `hang` never ends.
#[derive(Default)]
pub struct TestTools {
    ended: Mutex<Vec<String>>,
    fast_ended: Notify,
    hangs: Notify,
}

impl TestTools {
    /// The names of the calls that ended, in the order of their ends.
    pub fn calls(&self) -> Vec<String> {
        self.ended.lock().unwrap().clone()
    }

    /// Returns once `hang` was called.
    pub async fn hanging(&self) {
        self.hangs.notified().await;
    }
}

#[async_trait]
impl Tools for TestTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let names = ["slow", "fast", "send", "hang", "broken", "huge", "leak"];
        let spec = |name: &str| ToolSpec {
            name: format!("math__{name}"),
            description: String::new(),
            input_schema: json!({"type": "object"}),
            idempotent: name == "slow",
            read_only: name == "fast",
        };
        names.map(spec).into()
    }

    async fn call(&self, _: &str, name: &str, arguments: &Value) -> Result<ToolAnswer, ToolsError> {
        let ended = |content: String| {
            self.ended.lock().unwrap().push(name.to_owned());
            let (is_error, receipt) = (false, Some(json!({"tool": name})));
            ToolAnswer {
                content,
                is_error,
                receipt,
            }
        };
        match name {
            "math__slow" => {
                self.fast_ended.notified().await;
                Ok(ended(format!("slow {arguments}")))
            }
            "math__fast" => {
                let answer = ended(format!("fast {arguments}"));
                self.fast_ended.notify_one();
                Ok(answer)
            }
            "math__hang" => {
                self.hangs.notify_one();
                std::future::pending().await
            }
            "math__broken" => {
                ended(String::new());
                Err(ToolsError("the disk is gone".into()))
            }
            "math__huge" => Ok(ended(format!("x{}", "é".repeat(150_000)))),
            "math__leak" => Ok(ended("the key is token-123456".into())),
            _ => Ok(ended("sent".into())),
        }
    }
}
