//! One call of one tool: a fresh instance, with limits, and its outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};
use skillgate_skill::{Effective, Permissions};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;

use crate::answer::{checked, failure, refused};
use crate::bindings::Skill as Guest;
use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::capability::files::OpenFolders;
use crate::error::HostFault;
use crate::limits::{Meter, Stop, bytes};
use crate::load::Skill;
use crate::outcome::{Outcome, Report, ToolError};
use crate::receipt::{Receipt, Use};
use crate::secret::{NoSecrets, SecretSource};
use crate::sink::{Discard, Sink, cut};
use crate::state::State;
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
    /// Whose state the call works on.
    pub scope: Scope,
    /// Where secrets come from.
    pub secrets: Arc<dyn SecretSource>,
    /// Who hears the log and the progress.
    pub sink: Arc<dyn Sink>,
    /// Ends the call earlier than the manifest's or the operator's limit.
    pub deadline: Option<Duration>,
    /// Ends the call when it is cancelled; the call then still answers, with a receipt.
    pub cancel: CancellationToken,
}

impl Call {
    /// A call that is granted nothing, has no secrets and whose log goes nowhere.
    pub fn new(tool: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self {
            tool: tool.into(),
            arguments: arguments.into(),
            granted: Arc::default(),
            scope: Scope::default(),
            secrets: Arc::new(NoSecrets),
            sink: Arc::new(Discard),
            deadline: None,
            cancel: CancellationToken::new(),
        }
    }
}

/// Whose `kv` and `files` a call sees: nothing is shared between two scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
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
    /// Calls one tool in a fresh instance, and waits for a free one if all are in use.
    ///
    /// # Errors
    /// Only when the host itself fails; whatever the guest does is in the report.
    pub async fn call(&self, call: Call) -> Result<Report, HostFault> {
        let begun = Instant::now();
        let (outcome, traces) = match self.check(&call) {
            Ok(schemas) => self.run(&call, schemas).await?,
            Err(error) => (Outcome::Error(error), Traces::default()),
        };
        let receipt = self.receipt(call, &outcome, traces, begun);
        Ok(Report { outcome, receipt })
    }

    /// The tool is there and its arguments fit, before anything is instantiated.
    fn check(&self, call: &Call) -> Result<&Schemas, ToolError> {
        let schemas = self.tools.schemas(&call.tool).ok_or_else(|| {
            let names: Vec<&str> = self.tools().iter().map(|tool| tool.name.as_str()).collect();
            ToolError::InvalidArguments(format!(
                "{} has no tool {:?}; it has: {}",
                self.manifest.name,
                call.tool,
                names.join(", ")
            ))
        })?;
        if call.arguments.len() as u64 > self.limits.arguments {
            let (is, most) = (call.arguments.len(), bytes(self.limits.arguments));
            return Err(ToolError::InvalidArguments(format!(
                "they have {is} bytes; at most {most} are allowed"
            )));
        }
        let arguments: Value = serde_json::from_str(&call.arguments)
            .map_err(|error| ToolError::InvalidArguments(format!("they are no JSON: {error}")))?;
        schemas.input.validate(&arguments).map_err(|error| {
            // The error quotes the value, which may be as long as the arguments.
            let why = cut(&error.to_string()).to_owned();
            ToolError::InvalidArguments(match error.instance_path().as_str() {
                "" => why,
                place => format!("{}: {why}", cut(place)),
            })
        })?;
        Ok(schemas)
    }

    async fn run(&self, call: &Call, schemas: &Schemas) -> Result<(Outcome, Traces), HostFault> {
        let (answer, state) = self
            .in_sandbox(call, async |guest, store| {
                guest
                    .skillgate_skill_tools()
                    .call_call_tool(store, &call.tool, &call.arguments)
                    .await
            })
            .await?;
        let outcome = match answer {
            Ok(Ok(result)) => checked(result, schemas, state.meter.limits().output),
            Ok(Err(error)) => refused(error, &state),
            Err(error) => failure(error, &state)?,
        };
        state.shared.log.finish();
        Ok((
            outcome,
            Traces {
                uses: state.shared.uses.take(),
                peak_memory: state.meter.peak_memory(),
            },
        ))
    }

    /// `list-tools`; the inner error is how it ended otherwise.
    pub(crate) async fn list(
        &self,
        call: &Call,
    ) -> Result<Result<Vec<wit::Tool>, Outcome>, HostFault> {
        let (answer, state) = self
            .in_sandbox(call, async |guest, store| {
                guest.skillgate_skill_tools().call_list_tools(store).await
            })
            .await?;
        match answer {
            Ok(listed) => Ok(Ok(listed)),
            Err(error) => failure(error, &state).map(Err),
        }
    }

    /// Runs `work` in a fresh instance, under the call's limits.
    async fn in_sandbox<T>(
        &self,
        call: &Call,
        work: impl AsyncFnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<(wasmtime::Result<T>, State), HostFault> {
        let inner = &self.runtime.inner;
        let mut limits = self.limits.clone();
        limits.timeout = call
            .deadline
            .map_or(limits.timeout, |deadline| deadline.min(limits.timeout));
        let (timeout, output) = (limits.timeout, limits.output);
        let _slot = match tokio::time::timeout(timeout, inner.slots.acquire()).await {
            Ok(Ok(slot)) => slot,
            _ => return Err(HostFault::Busy(timeout)),
        };
        let effective = Effective::new(Arc::clone(&self.asked), Arc::clone(&call.granted));
        let prepared = self.prepared(&effective).map_err(HostFault::engine)?;
        // Waits for places for open files, and once after a start until the account's folders are counted.
        let open_folders = OpenFolders::open(&effective, &inner.folders, &call.scope);
        let open_folders = tokio::time::timeout(timeout, open_folders)
            .await
            .map_err(|_| HostFault::Busy(timeout))??;
        let meter = Meter::new(limits, Instant::now());
        let state = State::new(
            call,
            effective,
            meter,
            Arc::clone(&inner.folders),
            open_folders,
            inner.egress.clone(),
        )?;
        let mut store = Store::new(&inner.engine, state);
        store.limiter(|state| &mut state.meter);
        store.epoch_deadline_callback(|store| store.data().meter.on_epoch());
        store.set_epoch_deadline(1);
        store.set_hostcall_fuel(transfer(output));
        let answer = tokio::time::timeout(timeout, async {
            let guest = prepared.instantiate_async(&mut store).await?;
            work(&guest, &mut store).await
        });
        let answer = answer
            .await
            .unwrap_or_else(|_| Err(Stop::timeout(timeout).into()));
        Ok((answer, store.into_data()))
    }

    fn receipt(&self, call: Call, outcome: &Outcome, traces: Traces, begun: Instant) -> Receipt {
        let result = serde_json::to_vec(outcome).unwrap_or_default();
        Receipt {
            skill: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            package_digest: self.digest.clone(),
            publisher_key: None,
            arguments_sha256: hex::encode(Sha256::digest(&call.arguments)),
            tool: call.tool,
            result_sha256: hex::encode(Sha256::digest(result)),
            uses: traces.uses,
            duration_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            peak_memory: traces.peak_memory,
            outcome: outcome.kind(),
        }
    }
}

/// What a call leaves beside its outcome.
#[derive(Default)]
struct Traces {
    uses: Vec<Use>,
    peak_memory: u64,
}

/// The most bytes that cross the border at once: an answer of the largest size, and room for the
/// host's own form of it, in which a small piece takes more than its text.
fn transfer(output: u64) -> usize {
    usize::try_from(output.saturating_mul(2).saturating_add(64 << 10)).unwrap_or(usize::MAX)
}
