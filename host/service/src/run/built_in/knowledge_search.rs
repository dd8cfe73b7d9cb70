//! The tool `knowledge_search`: how a model finds what its agent, or the agent's swarm, knows. What it finds was written by others, and
//! reaches the model between the marks of untrusted text, as every tool's answer does.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_agent::{
    PendingApproval, ProposedCall, ToolAnswer, ToolInvocation, ToolOrigin, ToolSpec, Tools,
    ToolsError,
};
use skillgate_runtime::LogLevel;

use super::BuiltInParts;
use crate::knowledge::{FoundKnowledge, Knowledge, KnowledgeTarget};
use crate::logs::{LogOwner, Logs};
use crate::{AccountId, Actor, AgentId, ErrorKind, ServiceError};

/// The tool's name.
const KNOWLEDGE_SEARCH: &str = "knowledge_search";

/// How many entries one answer has when the model does not say.
const DEFAULT_LIMIT: usize = 5;
/// The most entries of one answer.
const MAX_LIMIT: usize = 20;
/// The most bytes of entries in one answer, as JSON: with what stands beside them they fit in the 64 KiB that the model is shown of a
/// tool's answer.
const MAX_BYTES: usize = 56 << 10;

/// The tool, for one agent.
pub(super) struct KnowledgeSearch {
    owner: LogOwner,
    knowledge: Arc<Knowledge>,
    is_offered: bool,
    logs: Logs,
}

impl KnowledgeSearch {
    pub(super) fn new(parts: &BuiltInParts<'_>) -> Self {
        Self {
            owner: parts.owner.clone(),
            knowledge: parts.knowledge.clone(),
            is_offered: parts.has_knowledge,
            logs: parts.logs.clone(),
        }
    }

    async fn search(&self, asked: &Asked) -> Result<Vec<FoundKnowledge>, ServiceError> {
        let account: AccountId = self.owner.account.parse()?;
        let agent: AgentId = self.owner.agent.parse()?;
        let actor = Actor::host(account, KNOWLEDGE_SEARCH);
        let limit = asked.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let target = KnowledgeTarget::Agent(agent);
        self.knowledge
            .search(&actor, &target, &asked.query, limit)
            .await
    }
}

#[async_trait]
impl Tools for KnowledgeSearch {
    /// Offered only to agents whose knowledge base has entries.
    fn specs(&self) -> Vec<ToolSpec> {
        self.is_offered.then(spec).into_iter().collect()
    }

    async fn approval(&self, _: &ProposedCall<'_>) -> Result<Option<PendingApproval>, ToolAnswer> {
        // It only reads.
        Ok(None)
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        self.logs
            .write(&self.owner, LogLevel::Info, KNOWLEDGE_SEARCH);
        let asked = match Asked::deserialize(call.arguments) {
            Ok(asked) => asked,
            Err(error) => {
                return Ok(ToolAnswer::error(format!(
                    "The arguments do not fit: {error}."
                )));
            }
        };
        match self.search(&asked).await {
            Ok(found) => Ok(ToolAnswer::result(shown(&found).to_string())),
            Err(error) if error.kind() == ErrorKind::Internal => {
                Err(ToolsError::new(error.chain()))
            }
            Err(error) => Ok(ToolAnswer::error(error.message())),
        }
    }
}

/// What the model asks for.
#[derive(Deserialize)]
struct Asked {
    query: String,
    limit: Option<usize>,
}

/// The tool as the model is offered it.
fn spec() -> ToolSpec {
    ToolSpec {
        name: KNOWLEDGE_SEARCH.to_owned(),
        description: "Search the knowledge base for facts and documents. Use it before you answer from memory about the \
                      organisation, its products or its rules."
            .to_owned(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "query": { "type": "string", "description": "What to find: a question, or words that the text should hold" },
                "limit": { "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "description": "How many entries; 5 when absent" },
            },
            "required": ["query"],
        }),
        idempotent: true,
        read_only: true,
        origin: ToolOrigin::default(),
    }
}

/// The entries as the model is shown them, the best first, as many as fit.
fn shown(found: &[FoundKnowledge]) -> Value {
    let mut bytes = 0;
    let fits = |entry: &Value| {
        bytes += entry.to_string().len();
        bytes <= MAX_BYTES
    };
    let entries = found.iter().map(|found| {
        let entry = &found.entry;
        json!({ "source": entry.source, "type": entry.kind, "text": entry.text, "score": found.score })
    });
    let entries: Vec<Value> = entries.take_while(fits).collect();
    json!({ "omitted": found.len() - entries.len(), "entries": entries })
}
