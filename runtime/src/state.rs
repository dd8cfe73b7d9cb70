//! What belongs to one call: the store's data, and the part of it that outlives a host call
//! because a task (an HTTP request, a stream) holds it too.

use std::ops::Deref;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use skillgate_skill::{Denial, Effective};
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::capability::files::OpenFolders;
use crate::capability::http::{HttpHooks, MAX_REQUESTS};
use crate::capability::log::LineLog;
use crate::egress::Egress;
use crate::folder::Folders;
use crate::grant_state::GrantState;
use crate::limits::{CallLimits, Meter, Stop};
use crate::receipt::{CallRecord, Uses};
use crate::secret::SecretSource;
use crate::{Call, HostFault, StateScope};

/// The most random bytes a guest gets in one host call.
const MAX_RANDOM: u64 = 1 << 20;

/// The data of one call's store.
pub(crate) struct State {
    pub(crate) meter: Meter,
    pub(crate) shared: Arc<Shared>,
    pub(crate) table: ResourceTable,
    pub(crate) folders: Arc<Folders>,
    pub(crate) scope: StateScope,
    pub(crate) open_folders: OpenFolders,
    /// Made when the guest first asks for something of it: a call that computes has no use for it, and to make it takes
    /// as long as a tenth of a call.
    wasi: Option<Box<WasiCtx>>,
    http: WasiHttpCtx,
    http_hooks: HttpHooks,
}

impl State {
    /// The state of a call that has not begun. Folders are opened only for what was granted.
    pub(crate) fn new(
        call: &Call,
        effective: CurrentGrant,
        meter: Meter,
        record: Arc<CallRecord>,
        folders: Arc<Folders>,
        mut open_folders: OpenFolders,
        egress: Egress,
    ) -> Result<Self, HostFault> {
        let limits = meter.limits();
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let shared = Arc::new(Shared {
            log: LineLog::new(Arc::clone(&call.sink), limits.log_lines),
            secrets: Arc::clone(&call.secrets),
            account: call.scope.account.clone(),
            requests: OnceLock::new(),
            record,
            refusal: Mutex::new(None),
            effective,
            egress,
        });
        if let Some(stop) = open_folders.take_refused() {
            shared.refuse(stop);
        }
        Ok(Self {
            meter,
            table,
            folders,
            scope: call.scope.clone(),
            open_folders,
            wasi: None,
            http: WasiHttpCtx::new(),
            http_hooks: HttpHooks(Arc::clone(&shared)),
            shared,
        })
    }
}

/// The part of WASI that holds no authority, with a bound on random bytes, and the log as stdout and stderr.
fn inert_wasi(shared: &Arc<Shared>) -> Box<WasiCtx> {
    let mut wasi = WasiCtx::builder();
    wasi.max_random_size(MAX_RANDOM);
    LineLog::attach(shared, &mut wasi);
    Box::new(wasi.build())
}

/// What is left of a call's state when the guest has ended, and its memory was given back.
pub(crate) struct Ended {
    pub(crate) shared: Arc<Shared>,
    pub(crate) limits: CallLimits,
    /// The limit on memory that was reached, when the guest was refused memory at least once.
    pub(crate) memory_stop: Option<Stop>,
}

impl State {
    /// What is still asked for once the guest has ended.
    pub(crate) fn ended(&self) -> Ended {
        Ended {
            shared: Arc::clone(&self.shared),
            limits: self.meter.limits().clone(),
            memory_stop: self.meter.memory_stop(),
        }
    }
}

impl State {
    /// What the filesystem's host functions work on, borrowed at once.
    pub(crate) fn parts_for_files(&mut self) -> (WasiCtxView<'_>, &mut OpenFolders, &Arc<Shared>) {
        self.meter.count_host_call();
        let wasi = WasiCtxView {
            ctx: self.wasi.get_or_insert_with(|| inert_wasi(&self.shared)),
            table: &mut self.table,
        };
        (wasi, &mut self.open_folders, &self.shared)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.parts_for_files().0
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.meter.count_host_call();
        WasiHttpCtxView {
            hooks: &mut self.http_hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// What is effective now: what was asked for and granted, and nothing once the grant is revoked. So
/// each decision in the middle of a call is the one that a call without the grant would get.
pub(crate) struct CurrentGrant {
    effective: Effective,
    state: GrantState,
    revoked: OnceLock<Effective>,
}

impl CurrentGrant {
    pub(crate) fn new(effective: Effective, state: GrantState) -> Self {
        Self {
            effective,
            state,
            revoked: OnceLock::new(),
        }
    }
}

impl Deref for CurrentGrant {
    type Target = Effective;

    fn deref(&self) -> &Effective {
        if !self.state.is_revoked() {
            return &self.effective;
        }
        self.revoked.get_or_init(|| {
            let asked = Arc::new(self.effective.asked().clone());
            Effective::new(asked, Arc::default())
        })
    }
}

/// What the capabilities of one call share.
pub(crate) struct Shared {
    pub(crate) effective: CurrentGrant,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) log: LineLog,
    record: Arc<CallRecord>,
    pub(crate) egress: Egress,
    /// The account that the call's requests and lookups count for.
    pub(crate) account: String,
    /// Places for requests, made when the first is sent.
    requests: OnceLock<Arc<Semaphore>>,
    refusal: Mutex<Option<Stop>>,
}

impl Shared {
    /// What the call did so far.
    pub(crate) fn uses(&self) -> &Uses {
        &self.record.uses
    }

    /// Places for HTTP requests under way at the same time. Shared with the bodies of their answers, which hold on to
    /// them.
    pub(crate) fn requests(&self) -> Arc<Semaphore> {
        let places = || Arc::new(Semaphore::new(MAX_REQUESTS));
        Arc::clone(self.requests.get_or_init(places))
    }

    /// Remembers that the host refused something in a way the guest may get over. If the call
    /// then fails, this is why. The first refusal wins: later ones follow from it.
    pub(crate) fn refuse(&self, stop: Stop) {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(stop);
    }

    /// [`Shared::refuse`] for a denial.
    pub(crate) fn deny(&self, denial: Denial) {
        self.refuse(Stop::Denied(denial));
    }

    /// The first refusal.
    pub(crate) fn refusal(&self) -> Option<Stop> {
        self.refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
