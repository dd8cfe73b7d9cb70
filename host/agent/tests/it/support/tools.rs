//! Tools that remember their calls.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use skillgate_agent::{ToolAnswer, ToolSpec, Tools, ToolsError};
use tokio::sync::Notify;

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

    /// `fast` has ended in an earlier process: `slow` need not wait.
    pub fn remember_fast(&self) {
        self.fast_ended.notify_one();
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
