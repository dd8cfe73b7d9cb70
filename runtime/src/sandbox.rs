//! One run in a fresh instance: its places among the others, its limits, and every way to end it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use skillgate_skill::{Denial, Effective};
use tokio::sync::SemaphorePermit;
use tokio::time::timeout_at;
use wasmtime::Store;

use crate::accounts::Account;
use crate::bindings::Skill as Guest;
use crate::bindings::exports::skillgate::skill::tools as wit;
use crate::call::Call;
use crate::capability::files::OpenFolders;
use crate::error::{Busy, HostFault};
use crate::host_memory::HeldMemory;
use crate::interpret::{checked, failure, refused};
use crate::interrupt::{unless, until, within};
use crate::limits::{CallLimits, Meter, Stop};
use crate::load::Loaded;
use crate::outcome::Outcome;
use crate::receipt::CallRecord;
use crate::state::{CurrentGrant, Ended, State};
use crate::tool::Schemas;

/// Why nothing was run.
enum NotRun {
    /// The call was cancelled while it waited.
    Cancelled,
    Fault(HostFault),
}

impl From<HostFault> for NotRun {
    fn from(fault: HostFault) -> Self {
        Self::Fault(fault)
    }
}

impl NotRun {
    fn outcome(self) -> Result<Outcome, HostFault> {
        match self {
            Self::Cancelled => Ok(Outcome::Cancelled),
            Self::Fault(fault) => Err(fault),
        }
    }
}

impl Loaded {
    /// Runs a call whose arguments were checked.
    pub(crate) async fn run(
        &self,
        call: &Call,
        record: &Arc<CallRecord>,
        schemas: &Schemas,
    ) -> Result<Outcome, HostFault> {
        let work = async |guest: &Guest, store: &mut Store<State>| {
            let tools = guest.skillgate_skill_tools();
            tools
                .call_call_tool(store, &call.tool, &call.arguments)
                .await
        };
        let (answer, ended) = match self.in_sandbox(call, record, work).await {
            Ok(ran) => ran,
            Err(not_run) => return not_run.outcome(),
        };
        let outcome = match answer {
            Ok(Ok(result)) => {
                let threads = self.runtime.inner.schema_threads.of(&call.scope.account);
                let checked = pin!(checked(result, schemas, &ended.limits, threads));
                // What a guest did is done: whoever cancels now gets the receipt without waiting for the check.
                let checked = until(call.cancel.cancelled(), checked).await;
                checked.unwrap_or(Outcome::Cancelled)
            }
            Ok(Err(error)) => refused(error, &ended),
            Err(error) => failure(error, &ended)?,
        };
        ended.shared.log.finish();
        Ok(outcome)
    }

    /// `list-tools`; the inner error is how it ended otherwise.
    pub(crate) async fn list(
        &self,
        call: &Call,
    ) -> Result<Result<Vec<wit::Tool>, Outcome>, HostFault> {
        let meters = &self.runtime.inner.agent_meters;
        let agent = meters.of(&call.scope.account, &call.scope.agent);
        let record = Arc::new(CallRecord::begin(agent));
        let work = async |guest: &Guest, store: &mut Store<State>| {
            guest.skillgate_skill_tools().call_list_tools(store).await
        };
        let (answer, ended) = match self.in_sandbox(call, &record, work).await {
            Ok(ran) => ran,
            Err(not_run) => return not_run.outcome().map(Err),
        };
        match answer {
            Ok(listed) => Ok(Ok(listed)),
            Err(error) => failure(error, &ended).map(Err),
        }
    }

    /// Runs `work` in a fresh instance, under the call's limits.
    async fn in_sandbox<T>(
        &self,
        call: &Call,
        record: &Arc<CallRecord>,
        work: impl AsyncFnOnce(&Guest, &mut Store<State>) -> wasmtime::Result<T>,
    ) -> Result<(wasmtime::Result<T>, Ended), NotRun> {
        let inner = &self.runtime.inner;
        let mut limits = self.limits.clone();
        limits.timeout = call
            .deadline
            .map_or(limits.timeout, |deadline| deadline.min(limits.timeout));
        let timeout = limits.timeout;
        let account = inner.accounts.of(&call.scope.account);
        let prepare = pin!(self.prepare_call(call, &account, timeout));
        let ready = until(call.cancel.cancelled(), prepare).await;
        let (_places, effective, open_folders) = ready.ok_or(NotRun::Cancelled)??;
        let prepared = self.prepared(&effective).map_err(HostFault::engine)?;
        let mut store = self.store(call, record, effective, open_folders, limits, &account)?;
        let answer = {
            let answer = pin!(async {
                let guest = prepared.instantiate_async(&mut store).await?;
                work(&guest, &mut store).await
            });
            let answer = pin!(record.agent.measure(answer));
            let answer = pin!(inner.turns.run(&account, answer));
            self.unless_stopped(call, timeout, answer).await
        };
        Ok((answer, store.data().ended()))
    }

    /// Runs what a guest does until it is done or stopped, in whatever way.
    async fn unless_stopped<T>(
        &self,
        call: &Call,
        timeout: Duration,
        work: Pin<&mut impl Future<Output = wasmtime::Result<T>>>,
    ) -> wasmtime::Result<T> {
        let (grant, cancel) = (&call.grant_state, &call.cancel);
        let work = pin!(within(timeout, work));
        // Looked at before the guest runs on: what was stopped does nothing more.
        let work = pin!(unless(|| grant.is_revoked(), grant.revoked(), work));
        match unless(|| cancel.is_cancelled(), cancel.cancelled(), work).await {
            None => Err(Stop::Cancelled.into()),
            Some(None) => Err(Stop::Denied(self.revoked()).into()),
            Some(Some(None)) => Err(Stop::timeout(timeout).into()),
            Some(Some(Some(answer))) => answer,
        }
    }

    /// All that a call waits for before it begins.
    async fn prepare_call<'a>(
        &'a self,
        call: &Call,
        account: &'a Account,
        longest: Duration,
    ) -> Result<([SemaphorePermit<'a>; 2], Effective, OpenFolders), HostFault> {
        let places = self.places(account, longest).await?;
        let effective = Effective::new(Arc::clone(&self.asked), Arc::clone(&call.granted));
        let open_folders = self.open_folders(call, &effective, longest).await?;
        Ok((places, effective, open_folders))
    }

    /// Waits for one of the account's places, then for one of the host's. In that order: who waits
    /// behind calls of the same account takes no place from another.
    async fn places<'a>(
        &'a self,
        account: &'a Account,
        longest: Duration,
    ) -> Result<[SemaphorePermit<'a>; 2], HostFault> {
        let inner = &self.runtime.inner;
        // Most calls find both, and need no clock.
        if let (Ok(of_account), Ok(of_host)) =
            (account.calls.try_acquire(), inner.slots.try_acquire())
        {
            return Ok([of_account, of_host]);
        }
        let ends = tokio::time::Instant::now() + longest;
        let of_account = timeout_at(ends, account.calls.acquire()).await;
        let Ok(Ok(of_account)) = of_account else {
            let calls = inner.accounts.calls();
            let waited = longest;
            return Err(HostFault::Busy(Busy::Account { calls, waited }));
        };
        match timeout_at(ends, inner.slots.acquire()).await {
            Ok(Ok(of_host)) => Ok([of_account, of_host]),
            _ => Err(HostFault::Busy(Busy::Host(longest))),
        }
    }

    /// Waits for places for open files, and once after a start until the account's folders are counted.
    async fn open_folders(
        &self,
        call: &Call,
        effective: &Effective,
        longest: Duration,
    ) -> Result<OpenFolders, HostFault> {
        let folders = &self.runtime.inner.folders;
        let opened = pin!(OpenFolders::open(effective, folders, &call.scope));
        match within(longest, opened).await {
            Some(opened) => opened,
            None => Err(HostFault::Busy(Busy::Folders(longest))),
        }
    }

    /// The store of one call, with all its limits set.
    fn store(
        &self,
        call: &Call,
        record: &Arc<CallRecord>,
        effective: Effective,
        open_folders: OpenFolders,
        limits: CallLimits,
        account: &Arc<Account>,
    ) -> Result<Store<State>, HostFault> {
        let inner = &self.runtime.inner;
        let output = limits.output;
        let memory = HeldMemory::nothing(
            Arc::clone(&inner.memory),
            Arc::clone(account),
            Arc::clone(&record.agent),
        );
        let ticks = inner.ticker.begin();
        let meter = Meter::new(limits, Instant::now(), memory, Arc::clone(record), ticks);
        let state = State::new(
            call,
            CurrentGrant::new(effective, call.grant_state.clone()),
            meter,
            Arc::clone(record),
            Arc::clone(&inner.folders),
            open_folders,
            inner.egress.clone(),
        )?;
        let mut store = Store::new(&inner.engine, state);
        store.limiter(|state| &mut state.meter);
        store.epoch_deadline_callback(|store| store.data().meter.on_epoch());
        store.set_epoch_deadline(1);
        store.set_hostcall_fuel(transfer(output));
        Ok(store)
    }

    /// What a call is told whose grant was revoked while it ran.
    fn revoked(&self) -> Denial {
        Denial::not_granted("the rest of this call", &self.asked)
    }
}

/// The most bytes that cross the border at once: an answer of the largest size, and room for the
/// host's own form of it, in which a small piece takes more than its text.
fn transfer(output: u64) -> usize {
    usize::try_from(output.saturating_mul(2).saturating_add(64 << 10)).unwrap_or(usize::MAX)
}
