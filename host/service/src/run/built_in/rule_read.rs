//! The tool `rule_read`: how a model reads the rules of its agent, whose names the system prompt lists.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;
use skillgate_agent::{
    PendingApproval, ProposedCall, ToolAnswer, ToolInvocation, ToolOrigin, ToolSpec, Tools,
    ToolsError,
};
use skillgate_runtime::LogLevel;
use skillgate_store::Store;

use super::BuiltInParts;
use crate::agents::RuleName;
use crate::logs::{LogOwner, Logs};

/// The tool's name.
const RULE_READ: &str = "rule_read";

/// The tool, for the rules of one agent.
pub(super) struct RuleRead {
    owner: LogOwner,
    rules: Arc<[String]>,
    store: Store,
    logs: Logs,
}

impl RuleRead {
    pub(super) fn new(parts: &BuiltInParts<'_>) -> Self {
        Self {
            owner: parts.owner.clone(),
            rules: parts.rules.clone(),
            store: parts.store.clone(),
            logs: parts.logs.clone(),
        }
    }

    /// Reads a rule as it is now.
    async fn read(&self, name: &str) -> Result<ToolAnswer, ToolsError> {
        let rule = match file_stem(name).parse::<RuleName>() {
            Ok(name) => self.find(&name).await?,
            Err(_) => None,
        };
        Ok(match rule {
            Some(content) => ToolAnswer::result(content),
            None => ToolAnswer::error(format!(
                "There is no such rule. There are: {}.",
                self.rules.join(", ")
            )),
        })
    }

    async fn find(&self, name: &RuleName) -> Result<Option<String>, ToolsError> {
        let (account, agent) = (&self.owner.account, &self.owner.agent);
        let rule = self.store.get_rule(account, agent, name).await;
        rule.map_err(|error| ToolsError::new(error.to_string()))
    }
}

#[async_trait]
impl Tools for RuleRead {
    /// Offered only to agents with rules.
    fn specs(&self) -> Vec<ToolSpec> {
        let offered = !self.rules.is_empty();
        offered.then(spec).into_iter().collect()
    }

    async fn approval(&self, _: &ProposedCall<'_>) -> Result<Option<PendingApproval>, ToolAnswer> {
        // It only reads.
        Ok(None)
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        self.logs.write(&self.owner, LogLevel::Info, RULE_READ);
        match Arguments::deserialize(call.arguments) {
            Ok(arguments) => self.read(&arguments.name).await,
            Err(error) => Ok(ToolAnswer::error(format!(
                "The arguments do not fit: {error}."
            ))),
        }
    }
}

#[derive(Deserialize)]
struct Arguments {
    name: String,
}

/// The tool as the model is offered it.
fn spec() -> ToolSpec {
    let name =
        json!({ "type": "string", "description": "Name of the rule (from the list of rules)" });
    ToolSpec {
        name: RULE_READ.to_owned(),
        description: "Read one of your rules: a procedure in detail.".to_owned(),
        input_schema: json!({
            "type": "object",
            "properties": { "name": name },
            "required": ["name"],
        }),
        idempotent: true,
        read_only: true,
        origin: ToolOrigin::default(),
    }
}

/// A rule's name, also where it is spelled as WORKFLOW.md may refer to it: `rules/daily-review.md`.
fn file_stem(name: &str) -> &str {
    let name = name.strip_prefix("rules/").unwrap_or(name);
    name.strip_suffix(".md").unwrap_or(name)
}
