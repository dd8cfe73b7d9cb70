//! The tools of one agent: those of its installed skills, each call in a fresh sandbox.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use skillgate_agent::{SkillNote, ToolAnswer, ToolSpec, Tools, ToolsError, tool_name};
use skillgate_runtime::{Call, LogLevel, Report, Scope, Sink};

use crate::run::secrets::Secrets;
use crate::service::logs::{LogOwner, Logs};
use crate::service::shelf::Granted;

/// The tools of one agent in one session. What it holds does not change while the run lasts.
pub(crate) struct SkillTools {
    owner: LogOwner,
    peer: String,
    skills: Arc<Vec<Granted>>,
    by_name: HashMap<String, (usize, String)>,
    secrets: Arc<Secrets>,
    logs: Logs,
}

impl SkillTools {
    /// The tools of `skills`, whose state is kept for `owner` and `peer` alone.
    pub(crate) fn new(
        owner: LogOwner,
        peer: &str,
        skills: Arc<Vec<Granted>>,
        secrets: Arc<Secrets>,
        logs: Logs,
    ) -> Self {
        let mut by_name = HashMap::new();
        for (index, granted) in skills.iter().enumerate() {
            for tool in granted.skill.tools() {
                by_name.insert(
                    tool_name(&granted.skill.name, &tool.name),
                    (index, tool.name.clone()),
                );
            }
        }
        Self {
            owner,
            peer: peer.to_owned(),
            skills,
            by_name,
            secrets,
            logs,
        }
    }

    /// What the system prompt says about the skills.
    pub(crate) fn notes(&self) -> Vec<SkillNote> {
        let note = |granted: &Granted| SkillNote {
            name: granted.skill.name.clone(),
            description: granted.skill.manifest.description.clone(),
        };
        self.skills.iter().map(note).collect()
    }

    async fn run(
        &self,
        granted: &Granted,
        tool: &str,
        arguments: &Value,
    ) -> Result<Report, ToolsError> {
        let skill = &granted.skill;
        let code = skill
            .code()
            .await
            .map_err(|error| ToolsError(error.message().to_owned()))?
            .ok_or_else(|| ToolsError(format!("skill {} holds no code", skill.name)))?;
        let sink = AgentLog {
            owner: self.owner.clone(),
            skill: skill.name.clone(),
            secrets: self.secrets.clone(),
            logs: self.logs.clone(),
        };
        let call = Call {
            granted: granted.permissions.clone(),
            grant_state: granted.state.clone(),
            scope: Scope {
                account: self.owner.account.clone(),
                agent: self.owner.agent.clone(),
                peer: self.peer.clone(),
                skill: skill.skill_id.clone(),
            },
            secrets: self.secrets.clone(),
            sink: Arc::new(sink),
            ..Call::new(tool, arguments.to_string())
        };
        let mut report = code
            .call(call)
            .await
            .map_err(|fault| ToolsError(fault.to_string()))?;
        report.receipt.publisher_key = Some(skill.publisher_key.clone());
        Ok(report)
    }
}

#[async_trait]
impl Tools for SkillTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let specs = self.skills.iter().flat_map(|granted| {
            granted.skill.tools().iter().map(|tool| ToolSpec {
                name: tool_name(&granted.skill.name, &tool.name),
                description: tool.description.clone(),
                input_schema: tool.input_schema.clone(),
                idempotent: tool.annotations.idempotent,
                read_only: tool.annotations.read_only,
            })
        });
        specs.collect()
    }

    async fn call(
        &self,
        _call_id: &str,
        name: &str,
        arguments: &Value,
    ) -> Result<ToolAnswer, ToolsError> {
        let found = self
            .by_name
            .get(name)
            .and_then(|(index, tool)| Some((self.skills.get(*index)?, tool)));
        let Some((granted, tool)) = found else {
            let content = format!("There is no tool {name}.");
            return Ok(ToolAnswer {
                content,
                is_error: true,
                receipt: None,
            });
        };
        let report = self.run(granted, tool, arguments).await?;
        let took = report.receipt.duration_us;
        self.logs.write(
            &self.owner,
            LogLevel::Info,
            &format!("{name}: {} in {took} µs", report.outcome.kind()),
        );
        let (content, is_error) = report.outcome.for_model();
        let receipt = serde_json::to_value(&report.receipt)
            .unwrap_or_else(|error| json!({ "unreadable": error.to_string() }));
        Ok(ToolAnswer {
            content,
            is_error,
            receipt: Some(receipt),
        })
    }
}

/// A skill's log lines, into its agent's log. A skill sees no secret, but what answers it may repeat one.
struct AgentLog {
    owner: LogOwner,
    skill: String,
    secrets: Arc<Secrets>,
    logs: Logs,
}

impl Sink for AgentLog {
    fn log(&self, level: LogLevel, message: &str) {
        let clean = self.secrets.redactor().redact(message);
        self.logs
            .write(&self.owner, level, &format!("{}: {clean}", self.skill));
    }

    fn progress(&self, message: &str, fraction: Option<f32>) {
        let percent = fraction
            .map(|part| format!(" ({:.0} %)", part * 100.0))
            .unwrap_or_default();
        self.log(LogLevel::Info, &format!("{message}{percent}"));
    }
}
