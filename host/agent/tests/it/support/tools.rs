//! Tools that remember their calls.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use skillgate_agent::{
    CallReceipt, PendingApproval, ProposedCall, ToolAnswer, ToolInvocation, ToolOrigin, ToolSpec,
    Tools, ToolsError,
};
use tokio::sync::Notify;

/// Tools of one skill, `math`: `slow` waits for `fast`, `send` is not repeatable, `hang` ends when it is cancelled,
/// `deaf` never.
#[derive(Default)]
pub struct TestTools {
    ended: Mutex<Vec<String>>,
    fast_ended: Notify,
    hangs: Notify,
    given: Mutex<Vec<Value>>,
    /// What is decided about `send`; nobody is asked when absent.
    decision: Mutex<Option<Result<(), ToolAnswer>>>,
}

impl TestTools {
    /// The names of the calls that ended, in the order of their ends.
    pub fn calls(&self) -> Vec<String> {
        self.ended.lock().unwrap().clone()
    }

    /// What the calls were given, in the order of the calls.
    pub fn given(&self) -> Vec<Value> {
        self.given.lock().unwrap().clone()
    }

    /// `fast` has ended in an earlier process: `slow` need not wait.
    pub fn remember_fast(&self) {
        self.fast_ended.notify_one();
    }

    /// From now on `send` waits for this decision.
    pub fn ask_about_send(&self, decision: Result<(), ToolAnswer>) {
        *self.decision.lock().unwrap() = Some(decision);
    }

    /// Returns once `hang` was called.
    pub async fn hanging(&self) {
        self.hangs.notified().await;
    }
}

#[async_trait]
impl Tools for TestTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let names = [
            "slow", "fast", "send", "hang", "deaf", "broken", "huge", "leak", "padded",
        ];
        let spec = |name: &str| ToolSpec {
            name: format!("math__{name}"),
            description: String::new(),
            input_schema: json!({"type": "object"}),
            idempotent: name == "slow",
            read_only: name == "fast",
            origin: ToolOrigin::default(),
        };
        names.map(spec).into()
    }

    async fn approval(
        &self,
        call: &ProposedCall<'_>,
    ) -> Result<Option<PendingApproval>, ToolAnswer> {
        let decision = self.decision.lock().unwrap().clone();
        let asked = decision.filter(|_| call.name == "math__send");
        Ok(asked.map(|decision| PendingApproval {
            task_id: format!("task of {}/{}", call.place.answer, call.place.call),
            decision: Box::pin(std::future::ready(decision)),
        }))
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        let (name, arguments) = (call.name, call.arguments);
        self.given.lock().unwrap().push(arguments.clone());
        let ended = |content: String| {
            self.ended.lock().unwrap().push(name.to_owned());
            ToolAnswer::result(content).with_receipt(Some(receipt(name)))
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
                call.cancel.cancelled().await;
                Ok(ended("cut".into()))
            }
            "math__deaf" => {
                self.hangs.notify_one();
                std::future::pending().await
            }
            "math__broken" => {
                ended(String::new());
                Err(ToolsError::new("the disk is gone").with_receipt(receipt(name)))
            }
            "math__huge" => Ok(ended(format!("x{}", "é".repeat(150_000)))),
            // A secret over the place where a result is cut.
            "math__padded" => {
                let padding = "x".repeat((64 << 10) - 5);
                Ok(ended(format!("{padding}token-123456{padding}")))
            }
            "math__leak" => Ok(ended("the key is token-123456".into())),
            _ => Ok(ended("sent".into())),
        }
    }
}

/// The receipt that every tool here leaves.
pub fn receipt(tool: &str) -> CallReceipt {
    CallReceipt::new(&json!({"tool": tool}))
}
