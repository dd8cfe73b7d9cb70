//! What a turn is tested with.

pub mod tools;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use skillgate_agent::{
    Budget, Journal, JournalError, Message, Redactor, RetryPolicy, RunInput, Scripted, Step,
    TextListener,
};
use tokio_util::sync::CancellationToken;
use tools::TestTools;

/// One turn's surroundings.
pub struct Bench {
    pub provider: Arc<Scripted>,
    pub tools: Arc<TestTools>,
    pub journal: Arc<Memory>,
}

impl Bench {
    pub fn new(script: &str) -> Self {
        Self {
            provider: Arc::new(Scripted::from_json(script).expect("a script")),
            tools: Arc::default(),
            journal: Arc::default(),
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
            listener: self.journal.clone(),
            budget: Budget::default(),
            retry: RetryPolicy::default(),
            redactor: Arc::new(Redactor::default()),
            cancel: CancellationToken::new(),
            resume: steps.to_vec(),
        }
    }
}

/// A journal in memory, which also hears the text as it comes.
#[derive(Default)]
pub struct Memory {
    steps: Mutex<Vec<Step>>,
    /// Each piece that was heard, with how many steps were committed then.
    heard: Mutex<Vec<(String, usize)>>,
    /// Every step after so many is refused.
    limit: Mutex<Option<usize>>,
}

impl Memory {
    pub fn steps(&self) -> Vec<Step> {
        self.steps.lock().unwrap().clone()
    }

    /// The pieces that were heard, each with how many steps were committed then.
    pub fn heard(&self) -> Vec<(String, usize)> {
        self.heard.lock().unwrap().clone()
    }

    /// All text that was heard.
    pub fn text(&self) -> String {
        self.heard().into_iter().map(|(piece, _)| piece).collect()
    }

    pub fn fail_after(&self, steps: usize) {
        *self.limit.lock().unwrap() = Some(steps);
    }
}

impl TextListener for Memory {
    fn hear(&self, piece: &str) {
        let steps = self.steps.lock().unwrap().len();
        self.heard.lock().unwrap().push((piece.to_owned(), steps));
    }
}

#[async_trait]
impl Journal for Memory {
    async fn append(&self, step: Step) -> Result<(), JournalError> {
        // Others get to run between the call and the commit, as with a real disk.
        tokio::task::yield_now().await;
        let mut steps = self.steps.lock().unwrap();
        let limit = self.limit.lock().unwrap();
        if limit.is_some_and(|limit| steps.len() >= limit) {
            return Err(JournalError("the disk is full".into()));
        }
        steps.push(step);
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
