//! One call of one tool: a fresh instance, with limits, and its outcome.

use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use skillgate_skill::Permissions;
use tokio_util::sync::CancellationToken;

use crate::error::{CallFault, HostFault};
use crate::grant_state::GrantState;
use crate::interrupt::until;
use crate::limits::{Stop, bytes};
use crate::load::{Loaded, Skill};
use crate::outcome::{Outcome, Report, ToolError};
use crate::receipt::{CallRecord, HOST_FAULT};
use crate::schema::Misfit;
use crate::secret::{NoSecrets, SecretSource};
use crate::sink::{Discard, Sink};
use crate::tool::Schemas;

/// A call of one tool.
#[derive(Clone)]
pub struct Call {
    /// The tool's name.
    pub tool: String,
    /// Its arguments: a JSON object.
    pub arguments: String,
    /// What was granted. What the skill did not also ask for stays denied.
    pub granted: Arc<Permissions>,
    /// Whether it is still granted: revoking it ends the call with a denial.
    pub grant_state: GrantState,
    /// Whose state the call works on.
    pub scope: StateScope,
    /// Where secrets come from.
    pub secrets: Arc<dyn SecretSource>,
    /// Who hears the log and the progress.
    pub sink: Arc<dyn Sink>,
    /// Ends the call earlier than the manifest's or the operator's limit.
    pub deadline: Option<Duration>,
    /// Ends the call when it is cancelled; the call then still answers, with a receipt.
    pub cancel: CancellationToken,
}

// Shared by all calls that have nothing else.
static NOTHING_GRANTED: LazyLock<Arc<Permissions>> = LazyLock::new(Arc::default);
static NO_SECRETS: LazyLock<Arc<dyn SecretSource>> = LazyLock::new(|| Arc::new(NoSecrets));
static DISCARD: LazyLock<Arc<dyn Sink>> = LazyLock::new(|| Arc::new(Discard));

impl Call {
    /// A call that is granted nothing, has no secrets and whose log goes nowhere.
    pub fn new(tool: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self {
            tool: tool.into(),
            arguments: arguments.into(),
            granted: Arc::clone(&NOTHING_GRANTED),
            grant_state: GrantState::default(),
            scope: StateScope::default(),
            secrets: NO_SECRETS.clone(),
            sink: DISCARD.clone(),
            deadline: None,
            cancel: CancellationToken::new(),
        }
    }
}

/// Whose `kv` and `files` a call sees: nothing is shared between two scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct StateScope {
    /// The account that owns the agent: what calls use at the same time is shared out by account.
    pub account: String,
    /// The agent.
    pub agent: String,
    /// Whom the agent talks with.
    pub peer: String,
    /// The skill, as the host identifies it (with its publisher).
    pub skill: String,
}

impl Skill {
    /// Calls one tool in a fresh instance on the guests' threads, and waits for its turn when too
    /// many run. Ends early, with a receipt, when the call is cancelled or its grant revoked; when the
    /// future is dropped instead, the call ends too, but nobody learns what it had done.
    ///
    /// # Errors
    /// Only when the host itself fails; whatever the guest does is in the report.
    pub async fn call(&self, call: Call) -> Result<Report, CallFault> {
        let loaded = Arc::clone(&self.loaded);
        let inner = &self.loaded.runtime.inner;
        let agent = inner
            .agent_meters
            .of(&call.scope.account, &call.scope.agent);
        let record = Arc::new(CallRecord::begin(agent));
        let threads = &inner.threads;
        if threads.are_current() {
            return loaded.report(&call, &record).await;
        }
        let call = Arc::new(call);
        let work = {
            let (call, record) = (Arc::clone(&call), Arc::clone(&record));
            async move { loaded.report(&call, &record).await }
        };
        match threads.run(work).await {
            Ok(report) => report,
            Err(fault) => Err(self.loaded.fault(fault, &call, &record)),
        }
    }
}

impl Loaded {
    async fn report(&self, call: &Call, record: &Arc<CallRecord>) -> Result<Report, CallFault> {
        let checked = until(call.cancel.cancelled(), pin!(self.check(call))).await;
        let ended = match checked.unwrap_or(Err(Outcome::Cancelled)) {
            Ok(schemas) => self.run(call, record, schemas).await,
            Err(outcome) => Ok(outcome),
        };
        let outcome = ended.map_err(|fault| self.fault(fault, call, record))?;
        let result = serde_json::to_vec(&outcome).unwrap_or_default();
        let receipt = record.receipt(self, call, outcome.kind(), &result);
        Ok(Report { outcome, receipt })
    }

    fn fault(&self, fault: HostFault, call: &Call, record: &CallRecord) -> CallFault {
        let receipt = record.receipt(self, call, HOST_FAULT, HOST_FAULT.as_bytes());
        CallFault {
            fault,
            receipt: Box::new(receipt),
        }
    }

    /// The tool is there and its arguments fit, before anything is instantiated.
    async fn check(&self, call: &Call) -> Result<&Schemas, Outcome> {
        let invalid = |why: String| Outcome::Error(ToolError::InvalidArguments(why));
        let schemas = self.tools.schemas(&call.tool).ok_or_else(|| {
            let names: Vec<&str> = self.tools().iter().map(|tool| tool.name.as_str()).collect();
            invalid(format!(
                "{} has no tool {:?}; it has: {}",
                self.manifest.name,
                call.tool,
                names.join(", ")
            ))
        })?;
        if call.arguments.len() as u64 > self.limits.arguments {
            let (is, most) = (call.arguments.len(), bytes(self.limits.arguments));
            return Err(invalid(format!(
                "they have {is} bytes; at most {most} are allowed"
            )));
        }
        let threads = self.runtime.inner.schema_threads.of(&call.scope.account);
        let timeout = self.limits.timeout;
        let patience = call
            .deadline
            .map_or(timeout, |deadline| deadline.min(timeout));
        match schemas
            .input
            .check(&call.arguments, threads, patience)
            .await
        {
            Ok(_) => Ok(schemas),
            Err(Misfit::NotInTime(limit)) => Err(Stop::timeout(limit).into()),
            Err(misfit) => Err(invalid(misfit.sentence("they", "are"))),
        }
    }
}
