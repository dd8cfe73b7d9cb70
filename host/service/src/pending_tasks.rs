//! Makes tasks, and waits for their decisions.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use skillgate_store::{NewTask, Store, Task, TaskKind, TaskStatus, Timestamp};
use tokio::sync::broadcast;

use crate::ServiceError;
use crate::config::{MAX_TASK_SUBJECT_BYTES, TaskLimits};

/// After this time a task that is waited for is read again: another process may have decided it.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Decisions that a waiting call may be behind; one that is further behind reads its task again.
const DECISIONS_BEHIND: usize = 64;

/// What is to be decided.
pub(crate) struct TaskRequest {
    /// The kind.
    pub kind: TaskKind,
    /// The agent that it concerns.
    pub agent: String,
    /// The run that waits for it, or that asks.
    pub run: Option<String>,
    /// What is asked for: while a task of this kind and key is pending, it is answered and no second one is made.
    pub idempotency_key: String,
    /// What is asked for, as the one who decides is shown it: at most 64 KiB of JSON.
    pub subject: Value,
    /// Why, in words for people.
    pub reason: Option<String>,
    /// How long it can be decided; the configured lifetime when absent.
    pub lifetime: Option<Duration>,
}

/// Tasks that wait for a decision. Cheap to clone: all clones are one.
#[derive(Clone)]
pub(crate) struct PendingTasks {
    store: Store,
    limits: TaskLimits,
    /// The ids of tasks that were decided in this process.
    decided: broadcast::Sender<Arc<str>>,
}

impl PendingTasks {
    pub(crate) fn new(store: Store, limits: TaskLimits) -> Self {
        Self {
            store,
            limits,
            decided: broadcast::Sender::new(DECISIONS_BEHIND),
        }
    }

    /// Makes a task, or gives the pending one that asks for the same.
    ///
    /// # Errors
    /// `LimitReached` when too many are pending or the subject is too large, `NotFound` for an unknown agent or run.
    pub(crate) async fn request(
        &self,
        account: &str,
        request: TaskRequest,
    ) -> Result<Task, ServiceError> {
        let bytes = request.subject.to_string().len();
        if bytes > MAX_TASK_SUBJECT_BYTES {
            return Err(ServiceError::limit_reached(format!(
                "What is to be decided has {bytes} bytes; a task may have {MAX_TASK_SUBJECT_BYTES}."
            )));
        }
        let new = NewTask {
            agent_id: Some(request.agent),
            run_id: request.run,
            kind: request.kind,
            idempotency_key: request.idempotency_key,
            subject: request.subject,
            reason: request.reason,
            expires_at: self.after(request.lifetime.unwrap_or(self.limits.lifetime)),
        };
        let limits = skillgate_store::TaskLimits {
            pending_per_agent: self.limits.pending_per_agent,
            pending_per_account: self.limits.pending_per_account,
            ended_per_account: self.limits.ended_per_account,
        };
        let task = self.store.create_task(account, new, limits).await?;
        task.ok_or_else(|| ServiceError::not_found("agent"))
    }

    /// As [`PendingTasks::request`], of what is decided once: a decision that was made is given as it is, and not asked for again.
    ///
    /// # Errors
    /// As [`PendingTasks::request`].
    pub(crate) async fn request_once(
        &self,
        account: &str,
        request: TaskRequest,
    ) -> Result<Task, ServiceError> {
        let key = &request.idempotency_key;
        let latest = self.store.latest_task(account, request.kind, key).await?;
        match latest {
            Some(task) if task.status != TaskStatus::Expired => Ok(task),
            _ => self.request(account, request).await,
        }
    }

    /// Waits until a task is not pending any more, by a decision here, in another process, or because it expired. How long
    /// that may take is for the caller to bound.
    ///
    /// # Errors
    /// `NotFound` when it is deleted meanwhile, with its agent.
    pub(crate) async fn decision(&self, account: &str, id: &str) -> Result<Task, ServiceError> {
        // Listens before it looks: what is decided between the two is heard.
        let mut decided = self.decided.subscribe();
        loop {
            let task = self.store.get_task(account, id).await?;
            let task = task.ok_or_else(|| ServiceError::not_found("task"))?;
            if task.status != TaskStatus::Pending {
                return Ok(task);
            }
            let told = async {
                while let Ok(other) = decided.recv().await {
                    if *other == *id {
                        break;
                    }
                }
            };
            // Whether it was told of or not: the task is read again.
            let _ = tokio::time::timeout(POLL_INTERVAL, told).await;
        }
    }

    /// Wakes what waits for a task that was decided.
    pub(crate) fn notify(&self, id: &str) {
        // An error says that nothing waits.
        let _ = self.decided.send(id.into());
    }

    fn after(&self, lifetime: Duration) -> Timestamp {
        let micros = i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.store.now().as_micros().saturating_add(micros))
    }
}
