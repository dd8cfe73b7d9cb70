//! Tasks: listed, looked at, decided.

use std::sync::Arc;

use skillgate_runtime::LogLevel;
use skillgate_store::{Decision, Page, Store, Task, TaskFilter, TaskKind, TaskStatus};

use crate::assignments::Assignments;
use crate::config::{MAX_DECISION_REASON_CHARS, MAX_LISTED_ITEMS};
use crate::logs::{LogOwner, Logs};
use crate::pending_tasks::PendingTasks;
use crate::places::WorkInProgress;
use crate::{Actor, AgentId, ServiceError, TaskId, validate};

/// Tasks.
pub struct Tasks {
    store: Store,
    pending: PendingTasks,
    assignments: Arc<Assignments>,
    places: Arc<WorkInProgress>,
    logs: Logs,
}

/// Which tasks to list, and how many.
#[derive(Debug)]
pub struct ListTasks {
    /// Those that are here now.
    pub status: Option<TaskStatus>,
    /// Those of this agent.
    pub agent: Option<AgentId>,
    /// How many at most: 1 to 100.
    pub limit: i64,
    /// How many are left out before them.
    pub offset: i64,
}

impl Tasks {
    pub(crate) fn new(
        store: Store,
        pending: PendingTasks,
        assignments: Arc<Assignments>,
        places: Arc<WorkInProgress>,
        logs: Logs,
    ) -> Self {
        Self {
            store,
            pending,
            assignments,
            places,
            logs,
        }
    }

    /// Lists tasks, newest first.
    pub async fn list(&self, actor: &Actor, list: &ListTasks) -> Result<Page<Task>, ServiceError> {
        let _place = self.places.page_read(&actor.account).await?;
        let filter = TaskFilter {
            status: list.status,
            agent: list.agent.as_deref(),
        };
        let limit = list.limit.clamp(0, MAX_LISTED_ITEMS);
        let page = self
            .store
            .list_tasks(&actor.account, filter, limit, list.offset);
        Ok(page.await?)
    }

    /// Gets a task; `NotFound` when the account has none of this id.
    pub async fn get(&self, actor: &Actor, id: &TaskId) -> Result<Task, ServiceError> {
        let task = self.store.get_task(&actor.account, id).await?;
        task.ok_or_else(missing)
    }

    /// Approves a task and does what it stands for, both or neither.
    ///
    /// # Errors
    /// `Conflict` when it was decided already, is expired, or what was shown does not hold any more; otherwise as what it stands for.
    pub async fn approve(
        &self,
        actor: &Actor,
        id: &TaskId,
        reason: Option<String>,
    ) -> Result<Task, ServiceError> {
        let decision = decision(actor, TaskStatus::Approved, reason)?;
        let task = self.get(actor, id).await?;
        let decided = match (task.status, task.kind) {
            (TaskStatus::Pending, TaskKind::Consent) => {
                let approved = self.assignments.approve_consent(actor, &task, &decision);
                Some(approved.await?)
            }
            (TaskStatus::Pending, kind @ (TaskKind::SkillRequest | TaskKind::ConnectorRequest)) => {
                return Err(ServiceError::conflict(format!(
                    "This version cannot carry out an approval of a task of kind `{kind}`. Install what is asked for by hand, and deny the task."
                )));
            }
            // Whatever waits for it does the rest. One that is not pending is refused there too, in the same words.
            (_, _) => {
                self.store
                    .decide_task(&actor.account, id, &decision)
                    .await?
            }
        };
        self.tell(decided.ok_or_else(missing)?)
    }

    /// Denies a task: nothing of what it stands for is done.
    ///
    /// # Errors
    /// `Conflict` when it was decided already or is expired.
    pub async fn deny(
        &self,
        actor: &Actor,
        id: &TaskId,
        reason: Option<String>,
    ) -> Result<Task, ServiceError> {
        let decision = decision(actor, TaskStatus::Denied, reason)?;
        let decided = self.store.decide_task(&actor.account, id, &decision);
        self.tell(decided.await?.ok_or_else(missing)?)
    }

    /// Wakes what waits for the decision, and notes it in the agent's log.
    fn tell(&self, task: Task) -> Result<Task, ServiceError> {
        self.pending.notify(&task.id);
        if let Some(agent) = &task.agent_id {
            let owner = LogOwner {
                account: task.account_id.clone(),
                agent: agent.clone(),
            };
            let line = format!("Task {} ({}) {}", task.id, task.kind, task.status);
            self.logs.write(&owner, LogLevel::Info, &line);
        }
        Ok(task)
    }
}

fn decision(
    actor: &Actor,
    status: TaskStatus,
    reason: Option<String>,
) -> Result<Decision, ServiceError> {
    let reason = reason
        .map(|reason| validate::required("reason", &reason, MAX_DECISION_REASON_CHARS))
        .transpose()?;
    Ok(Decision {
        status,
        decided_by: actor.key.clone(),
        reason,
    })
}

fn missing() -> ServiceError {
    ServiceError::not_found("task")
}
