//! The tools of one agent: those of its installed skills, each call in a fresh sandbox, and `skill_query`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use skillgate_agent::{
    PendingApproval, ProposedCall, SkillNote, ToolAnswer, ToolInvocation, ToolOrigin, ToolSpec,
    Tools, ToolsError, tool_name,
};
use skillgate_runtime::{Call, CallFault, HostFault, LogLevel, Receipt, Sink, StateScope, Tool};
use skillgate_store::GrantMode;

use crate::loaded_skills::{AgentSkill, HeldGrant, LoadedSkills};
use crate::logs::{LogOwner, Logs};
use crate::run::approvals::Approvals;
use crate::run::secrets::Secrets;
use crate::run::skill_query::{SKILL_QUERY, answer_skill_query, skill_query_spec};

/// The tools of one agent in one session. What it holds does not change while the run lasts.
pub(crate) struct SkillTools {
    owner: LogOwner,
    peer: String,
    skills: Arc<Vec<AgentSkill>>,
    loaded_skills: LoadedSkills,
    approvals: Approvals,
    by_name: HashMap<String, (usize, String)>,
    specs: Vec<ToolSpec>,
    secrets: Arc<Secrets>,
    logs: Logs,
}

impl SkillTools {
    /// The tools of `skills`, whose state is kept for `owner` and `peer` alone.
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
            let origin = ToolOrigin {
                skill_id: Some(skill.name.clone()),
                skill_version: Some(skill.version.clone()),
            };
            (skill.name.as_str(), skill.tools(), origin)
        });
        let Offered {
            by_name,
            mut specs,
            left_out,
        } = Offered::of(listed);
        for name in left_out {
            let line = format!(
                "The tool {name} of a second skill is not offered, because another tool of this agent has the same \
                 name. Remove one of the two skills."
            );
            logs.write(&owner, LogLevel::Warn, &line);
        }
        if !skills.is_empty() {
            specs.push(skill_query_spec());
        }
        Self {
            owner,
            peer: peer.to_owned(),
            skills,
            loaded_skills,
            approvals,
            by_name,
            specs,
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
        let sink = AgentLog {
            owner: self.owner.clone(),
            skill: skill.name.clone(),
            secrets: self.secrets.clone(),
            logs: self.logs.clone(),
        };
        let grant = self.grant_of(granted).await?;
        let call = Call {
            granted: grant.permissions,
            grant_state: grant.state,
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
        };
        let publisher_key = Some(skill.publisher_key.clone());
        let watch = self
            .loaded_skills
            .watch_grant(&self.owner.account, &self.owner.agent, granted);
        let report = tokio::select! {
            // The call first: one that ends in its first poll needs no watch.
            biased;
            report = code.call(call) => report,
            never = watch => match never {},
        };
        match report {
            Ok(mut report) => {
                report.receipt.publisher_key = publisher_key;
                let (content, is_error) = report.outcome.for_model();
                Ok(Ended {
                    content,
                    is_error,
                    receipt: report.receipt,
                    grant_id: grant.grant_id,
                })
            }
            // So many calls at once are the account's own doing, or the load's: no fault of the host that its log should tell.
            Err(CallFault {
                fault: HostFault::Busy(busy),
                mut receipt,
            }) => {
                receipt.publisher_key = publisher_key;
                receipt.outcome = BUSY;
                Ok(Ended {
                    content: format!("Not run: {busy}."),
                    is_error: true,
                    receipt: *receipt,
                    grant_id: grant.grant_id,
                })
            }
            Err(CallFault { fault, mut receipt }) => {
                receipt.publisher_key = publisher_key;
                let receipt = recorded(&receipt, grant.grant_id.as_deref());
                Err(ToolsError::new(fault.to_string()).with_receipt(receipt))
            }
        }
    }
}

/// The outcome in the receipt of a call for which no place became free.
const BUSY: &str = "busy";

/// A call that came to an end, or found no place.
struct Ended {
    /// What the model is told.
    content: String,
    is_error: bool,
    receipt: Receipt,
    grant_id: Option<String>,
}

/// A receipt as it is journalled: with the grant under which the call ran.
fn recorded(receipt: &Receipt, grant_id: Option<&str>) -> Value {
    let mut receipt = serde_json::to_value(receipt)
        .unwrap_or_else(|error| json!({ "unreadable": error.to_string() }));
    receipt["grantId"] = json!(grant_id);
    receipt
}

#[async_trait]
impl Tools for SkillTools {
    fn specs(&self) -> Vec<ToolSpec> {
        self.specs.clone()
    }

    async fn approval(&self, call: &ProposedCall<'_>) -> Result<Option<PendingApproval>, String> {
        let Some((granted, tool)) = self.find(call.name) else {
            return Ok(None);
        };
        let mut specs = self.specs.iter();
        let spec = specs.find(|spec| spec.name == call.name);
        if spec.is_some_and(|spec| spec.read_only) {
            return Ok(None);
        }
        let grant = self.grant_of(granted).await;
        let grant = grant.map_err(|error| format!("This tool was not run. {}", error.message))?;
        match grant.mode {
            // Without a grant the call is denied anyway.
            GrantMode::Allow => Ok(None),
            GrantMode::Ask => {
                let (owner, skill) = (&self.owner, &granted.skill);
                let asked = self.approvals.ask(owner, skill, tool, call).await?;
                Ok(Some(asked))
            }
        }
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        let name = call.name;
        if name == SKILL_QUERY {
            self.logs.write(&self.owner, LogLevel::Info, SKILL_QUERY);
            let (owner, loaded) = (&self.owner, &self.loaded_skills);
            return answer_skill_query(owner, loaded, &self.skills, call.arguments).await;
        }
        let Some((granted, tool)) = self.find(name) else {
            let content = format!("There is no tool {name}.");
            return Ok(ToolAnswer {
                content,
                is_error: true,
                receipt: None,
            });
        };
        let ended = self.run(granted, tool, &call).await?;
        let (how, took) = (ended.receipt.outcome, ended.receipt.duration_us);
        let line = format!("{name}: {how} in {took} µs");
        self.logs.write(&self.owner, LogLevel::Info, &line);
        let receipt = recorded(&ended.receipt, ended.grant_id.as_deref());
        Ok(ToolAnswer {
            content: ended.content,
            is_error: ended.is_error,
            receipt: Some(receipt),
        })
    }
}

/// Which tools the model is offered.
#[derive(Default)]
struct Offered {
    /// By the name that is offered: which skill, and the tool's own name.
    by_name: HashMap<String, (usize, String)>,
    specs: Vec<ToolSpec>,
    /// Names that a second tool would have had.
    left_out: Vec<String>,
}

impl Offered {
    /// The tools of skills in the order in which these were installed: of two with one name the first is offered, so
    /// that a skill never answers for one that was there before.
    fn of<'a>(skills: impl Iterator<Item = (&'a str, &'a [Tool], ToolOrigin)>) -> Self {
        let mut offered = Self::default();
        for (index, (skill, tools, origin)) in skills.enumerate() {
            for tool in tools {
                let name = tool_name(skill, &tool.name);
                match offered.by_name.entry(name.clone()) {
                    Entry::Vacant(free) => {
                        free.insert((index, tool.name.clone()));
                        offered.specs.push(spec(name, tool, origin.clone()));
                    }
                    Entry::Occupied(_) => offered.left_out.push(name),
                }
            }
        }
        offered
    }
}

/// A tool as the model is offered it.
fn spec(name: String, tool: &Tool, origin: ToolOrigin) -> ToolSpec {
    ToolSpec {
        name,
        description: tool.description.clone(),
        input_schema: tool.input_schema.clone(),
        idempotent: tool.annotations.idempotent,
        read_only: tool.annotations.read_only,
        origin,
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
    use skillgate_runtime::Annotations;

    use super::*;

    fn tool(name: &str, description: &str) -> Tool {
        Tool {
            name: name.to_owned(),
            title: None,
            description: description.to_owned(),
            input_schema: json!({}),
            output_schema: None,
            annotations: Annotations::default(),
        }
    }

    #[test]
    fn a_later_skill_never_answers_for_an_earlier_one() {
        let (first, second) = ([tool("add", "the first")], [tool("add", "the second")]);
        let third = [tool("list", "of the second")];
        let skills: [(&str, &[Tool]); 3] =
            [("notes", &first), ("notes", &second), ("notes", &third)];
        let offered = Offered::of(
            skills
                .into_iter()
                .map(|(skill, tools)| (skill, tools, ToolOrigin::default())),
        );
        assert_eq!(offered.by_name["notes__add"], (0, "add".to_owned()));
        let descriptions: Vec<&str> = offered
            .specs
            .iter()
            .map(|spec| spec.description.as_str())
            .collect();
        assert_eq!(descriptions, ["the first", "of the second"]);
        assert_eq!(offered.left_out, ["notes__add"]);
    }
}
