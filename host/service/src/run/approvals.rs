//! Calls that wait for a person: those of tools that are not read-only, under a grant whose mode is `ask`.

use std::time::Duration;

use serde_json::json;
use skillgate_agent::{PendingApproval, ProposedCall, ToolAnswer, ToolOutcome};
use skillgate_store::{Task, TaskKind, TaskStatus};
use tokio_util::sync::CancellationToken;

use crate::loaded_skills::LoadedSkill;
use crate::logs::LogOwner;
use crate::pending_tasks::{PendingTasks, TaskRequest};
use crate::{ErrorKind, ServiceError};

/// Asks people about calls of tools.
#[derive(Clone)]
pub(crate) struct Approvals {
    tasks: PendingTasks,
    /// Cancelled when the host is closing: nothing waits any more.
    closing: CancellationToken,
}

impl Approvals {
    pub(crate) fn new(tasks: PendingTasks, closing: CancellationToken) -> Self {
        Self { tasks, closing }
    }

    /// Asks about a call of `tool`. A call that was decided before a crash is not asked about again.
    ///
    /// # Errors
    /// What the call is answered: why nobody can be asked.
    pub(super) async fn ask(
        &self,
        owner: &LogOwner,
        skill: &LoadedSkill,
        tool: &str,
        call: &ProposedCall<'_>,
    ) -> Result<PendingApproval, ToolAnswer> {
        let request = request(owner, skill, tool, call);
        let asked = self.tasks.request_once(&owner.account, request).await;
        let task = asked.map_err(|error| cannot_ask(&error))?;
        let (approvals, account, id) = (self.clone(), owner.account.clone(), task.id.clone());
        Ok(PendingApproval {
            task_id: task.id,
            decision: Box::pin(async move { approvals.decision(&account, &id).await }),
        })
    }

    async fn decision(&self, account: &str, task: &str) -> Result<(), ToolAnswer> {
        let decision = self.tasks.decision(account, task);
        match self.closing.run_until_cancelled(decision).await {
            Some(decided) => allowed(decided),
            None => Err(not_run(
                ToolOutcome::Cancelled,
                "the server was shut down before somebody decided. Call it again.",
            )),
        }
    }
}

fn request(
    owner: &LogOwner,
    skill: &LoadedSkill,
    tool: &str,
    call: &ProposedCall<'_>,
) -> TaskRequest {
    let place = call.place;
    TaskRequest {
        kind: TaskKind::ToolApproval,
        agent: owner.agent.clone(),
        run: Some(call.run_id.to_owned()),
        idempotency_key: format!("{}/{}/{}", call.run_id, place.answer, place.call),
        subject: json!({
            "skill": skill.name,
            "version": skill.version,
            "tool": tool,
            "callId": call.id,
            "arguments": call.arguments,
        }),
        reason: Some(format!(
            "The agent wants to call {tool} of {}, which is not read-only.",
            skill.name
        )),
        lifetime: Some(call.time_left.max(Duration::from_millis(1))),
    }
}

fn cannot_ask(error: &ServiceError) -> ToolAnswer {
    let outcome = match error.kind() {
        ErrorKind::LimitReached => ToolOutcome::Limit,
        _ => ToolOutcome::HostFault,
    };
    let why = format!(
        "a person has to approve it, and cannot be asked. {}",
        error.message()
    );
    not_run(outcome, &why)
}

/// Whether the call may begin; otherwise what it is answered.
fn allowed(decided: Result<Task, ServiceError>) -> Result<(), ToolAnswer> {
    let task = decided.map_err(|error| {
        let why = format!("its approval cannot be read. {}", error.message());
        not_run(ToolOutcome::HostFault, &why)
    })?;
    let why = match (task.status, task.decision_reason) {
        (TaskStatus::Approved, _) => return Ok(()),
        (TaskStatus::Denied, Some(reason)) => format!("a person denied it: {reason}"),
        (TaskStatus::Denied, None) => "a person denied it.".to_owned(),
        (TaskStatus::Pending | TaskStatus::Expired, _) => "nobody approved it in time.".to_owned(),
    };
    Err(not_run(ToolOutcome::Denied, &why))
}

/// The answer to a call that may not begin.
pub(super) fn not_run(outcome: ToolOutcome, why: &str) -> ToolAnswer {
    ToolAnswer::new(outcome, format!("This tool was not run: {why}"))
}
