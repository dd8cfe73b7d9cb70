//! The tools of an agent's skills, each call in a fresh sandbox.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use skillgate_agent::{
    CallReceipt, PendingApproval, ProposedCall, SkillNote, ToolAnswer, ToolInvocation, ToolOrigin,
    ToolOutcome, ToolSpec, Tools, ToolsError, tool_name,
};
use skillgate_runtime::{
    Call, CallFault, HostFault, LogLevel, Outcome, Receipt, Report, Sink, StateScope, Tool,
};
use skillgate_store::GrantMode;

use crate::loaded_skills::{AgentSkill, HeldGrant, LoadedSkill, LoadedSkills};
use crate::logs::{LogOwner, Logs};
use crate::run::approvals::{Approvals, not_run};
use crate::run::secrets::Secrets;

/// The skills' tools for one agent in one session. What it holds does not change while the run lasts.
pub(crate) struct SkillTools {
    owner: LogOwner,
    peer: String,
    skills: Arc<Vec<AgentSkill>>,
    loaded_skills: LoadedSkills,
    approvals: Approvals,
    /// By the name that is offered: which skill, and the tool's own name.
    by_name: HashMap<String, (usize, String)>,
    secrets: Arc<Secrets>,
    logs: Logs,
}

impl SkillTools {
    /// The tools of `skills`, in the order in which these were installed, whose state is kept for `owner` and `peer` alone.
    pub(crate) fn new(
        owner: LogOwner,
        peer: &str,
        skills: Arc<Vec<AgentSkill>>,
        loaded_skills: LoadedSkills,
        approvals: Approvals,
        secrets: Arc<Secrets>,
        logs: Logs,
    ) -> Self {
        let listed = skills.iter().map(|granted| {
            let skill = &granted.skill;
            (skill.name.as_str(), skill.tools())
        });
        Self {
            owner,
            peer: peer.to_owned(),
            by_name: by_name(listed),
            skills,
            loaded_skills,
            approvals,
            secrets,
            logs,
        }
    }

    /// What the system prompt says about the skills.
    pub(crate) fn notes(&self) -> Vec<SkillNote> {
        let note = |granted: &AgentSkill| SkillNote {
            name: granted.skill.name.clone(),
            description: granted.skill.manifest.description.clone(),
        };
        self.skills.iter().map(note).collect()
    }

    /// The skill that offers a tool under this name, and the tool's own name.
    fn find(&self, name: &str) -> Option<(&AgentSkill, &str)> {
        let (index, tool) = self.by_name.get(name)?;
        Some((self.skills.get(*index)?, tool.as_str()))
    }

    /// What a skill may do now.
    async fn grant_of(&self, granted: &AgentSkill) -> Result<HeldGrant, ToolsError> {
        let (account, agent) = (&self.owner.account, &self.owner.agent);
        let grant = self.loaded_skills.current_grant(account, agent, granted);
        grant
            .await
            .map_err(|error| ToolsError::new(error.message()))
    }

    async fn run(
        &self,
        granted: &AgentSkill,
        tool: &str,
        invocation: &ToolInvocation<'_>,
    ) -> Result<Ended, ToolsError> {
        let skill = &granted.skill;
        let code = skill
            .code()
            .await
            .map_err(|error| ToolsError::new(error.message()))?
            .ok_or_else(|| ToolsError::new(format!("skill {} holds no code", skill.name)))?;
        let grant = self.grant_of(granted).await?;
        let call = self.sandboxed(&granted.skill, &grant, tool, invocation);
        let (account, agent) = (&self.owner.account, &self.owner.agent);
        let watch = self.loaded_skills.watch_grant(account, agent, granted);
        let called = tokio::select! {
            // The call first: one that ends in its first poll needs no watch.
            biased;
            called = code.call(call) => called,
            never = watch => match never {},
        };
        let publisher_key = Some(skill.publisher_key.clone());
        let mut ended = match called {
            Ok(Report { outcome, receipt }) => Ended {
                outcome: outcome_of(&outcome),
                content: outcome.for_model().0,
                receipt,
                grant_id: grant.grant_id,
            },
            // So many calls at once are the account's own doing, or the load's: no fault of the host that its log should tell.
            Err(CallFault {
                fault: HostFault::Busy(busy),
                receipt,
            }) => Ended::busy(format!("Not run: {busy}."), *receipt, grant.grant_id),
            Err(CallFault { fault, mut receipt }) => {
                receipt.publisher_key = publisher_key;
                let receipt = recorded(&receipt, grant.grant_id.as_deref());
                return Err(ToolsError::new(fault.to_string()).with_receipt(receipt));
            }
        };
        ended.receipt.publisher_key = publisher_key;
        Ok(ended)
    }

    /// A call as the runtime takes it.
    fn sandboxed(
        &self,
        skill: &LoadedSkill,
        grant: &HeldGrant,
        tool: &str,
        invocation: &ToolInvocation<'_>,
    ) -> Call {
        let sink = AgentLog {
            owner: self.owner.clone(),
            skill: skill.name.clone(),
            secrets: self.secrets.clone(),
            logs: self.logs.clone(),
        };
        Call {
            granted: grant.permissions.clone(),
            grant_state: grant.state.clone(),
            scope: StateScope {
                account: self.owner.account.clone(),
                agent: self.owner.agent.clone(),
                peer: self.peer.clone(),
                skill: skill.skill_id.clone(),
            },
            secrets: self.secrets.clone(),
            sink: Arc::new(sink),
            cancel: invocation.cancel.clone(),
            ..Call::new(tool, invocation.arguments.to_string())
        }
    }
}

/// The outcome in the receipt of a call for which no place became free.
const BUSY: &str = "busy";

/// A call that came to an end, or found no place.
struct Ended {
    outcome: ToolOutcome,
    /// What the model is told.
    content: String,
    receipt: Receipt,
    /// The grant under which it ran; `None` when there was none.
    grant_id: Option<String>,
}

impl Ended {
    fn busy(content: String, receipt: Receipt, grant_id: Option<String>) -> Self {
        Self {
            outcome: ToolOutcome::Busy,
            content,
            receipt: Receipt {
                outcome: BUSY,
                ..receipt
            },
            grant_id,
        }
    }
}

/// The runtime's outcome as the loop, which knows no runtime, names it.
fn outcome_of(outcome: &Outcome) -> ToolOutcome {
    match outcome {
        Outcome::Result(_) => ToolOutcome::Result,
        Outcome::Error(_) => ToolOutcome::Error,
        Outcome::Fault(_) => ToolOutcome::Fault,
        Outcome::Denied(_) => ToolOutcome::Denied,
        Outcome::Limit(_) => ToolOutcome::Limit,
        Outcome::Cancelled => ToolOutcome::Cancelled,
    }
}

/// A receipt as it is journalled: with the grant under which the call ran.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordedReceipt<'a> {
    #[serde(flatten)]
    receipt: &'a Receipt,
    grant_id: Option<&'a str>,
}

fn recorded(receipt: &Receipt, grant_id: Option<&str>) -> CallReceipt {
    CallReceipt::new(&RecordedReceipt { receipt, grant_id })
}

#[async_trait]
impl Tools for SkillTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let of_skill = |granted: &AgentSkill| {
            let skill = granted.skill.clone();
            let tools = skill.tools().to_vec().into_iter();
            tools.map(move |tool| spec(&skill, tool))
        };
        self.skills.iter().flat_map(of_skill).collect()
    }

    async fn approval(
        &self,
        call: &ProposedCall<'_>,
    ) -> Result<Option<PendingApproval>, ToolAnswer> {
        let Some((granted, tool)) = self.find(call.name) else {
            return Ok(None);
        };
        let skill = &granted.skill;
        let mut tools = skill.tools().iter();
        if tools.any(|one| one.name == tool && one.annotations.read_only) {
            return Ok(None);
        }
        let grant = self.grant_of(granted).await;
        let grant = grant.map_err(|error| not_run(ToolOutcome::HostFault, &error.message))?;
        match grant.mode {
            // Without a grant the call is denied anyway.
            GrantMode::Allow => Ok(None),
            GrantMode::Ask => {
                let asked = self.approvals.ask(&self.owner, skill, tool, call);
                Ok(Some(asked.await?))
            }
        }
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        let name = call.name;
        let Some((granted, tool)) = self.find(name) else {
            return Ok(ToolAnswer::error(format!("There is no tool {name}.")));
        };
        let ended = self.run(granted, tool, &call).await?;
        let (how, took) = (ended.receipt.outcome, ended.receipt.duration_us);
        let line = format!("{name}: {how} in {took} µs");
        self.logs.write(&self.owner, LogLevel::Info, &line);
        let receipt = recorded(&ended.receipt, ended.grant_id.as_deref());
        Ok(ToolAnswer::new(ended.outcome, ended.content).with_receipt(Some(receipt)))
    }
}

/// Which tool answers to a name. Of two with one name it is the first, as the toolbox offers them.
fn by_name<'a>(
    skills: impl Iterator<Item = (&'a str, &'a [Tool])>,
) -> HashMap<String, (usize, String)> {
    let mut by_name = HashMap::new();
    for (index, (skill, tools)) in skills.enumerate() {
        for tool in tools {
            let offered = by_name.entry(tool_name(skill, &tool.name));
            offered.or_insert_with(|| (index, tool.name.clone()));
        }
    }
    by_name
}

/// A tool as the model is offered it.
fn spec(skill: &LoadedSkill, tool: Tool) -> ToolSpec {
    ToolSpec {
        name: tool_name(&skill.name, &tool.name),
        description: tool.description,
        input_schema: tool.input_schema,
        idempotent: tool.annotations.idempotent,
        read_only: tool.annotations.read_only,
        origin: ToolOrigin {
            skill_id: Some(skill.name.clone()),
            skill_version: Some(skill.version.clone()),
        },
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skillgate_runtime::Annotations;

    use super::*;

    fn tool(name: &str) -> Tool {
        Tool {
            name: name.to_owned(),
            title: None,
            description: String::new(),
            input_schema: json!({}),
            output_schema: None,
            annotations: Annotations::default(),
        }
    }

    #[test]
    fn a_later_skill_never_answers_for_an_earlier_one() {
        let (first, second) = ([tool("add")], [tool("add"), tool("list")]);
        let skills: [(&str, &[Tool]); 2] = [("notes", &first), ("notes", &second)];
        let by_name = by_name(skills.into_iter());
        assert_eq!(by_name["notes__add"], (0, "add".to_owned()));
        assert_eq!(by_name["notes__list"], (1, "list".to_owned()));
    }
}
