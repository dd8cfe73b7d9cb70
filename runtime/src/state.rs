//! What belongs to one call: the store's data, and the part of it that outlives a host call
//! because a task (an HTTP request, a stream) holds it too.

use std::sync::{Arc, Mutex, PoisonError};

use skillgate_skill::{Denial, Effective};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::capability::files::OpenFolders;
use crate::capability::http::{HttpHooks, MAX_REQUESTS};
use crate::capability::log::LineLog;
use crate::egress::Egress;
use crate::folder::Folders;
use crate::limits::{Meter, Stop};
use crate::receipt::Uses;
use crate::secret::SecretSource;
use crate::{Call, HostFault, Scope};

/// The most random bytes a guest gets in one host call.
const MAX_RANDOM: u64 = 1 << 20;

/// The data of one call's store.
pub(crate) struct State {
    pub(crate) meter: Meter,
    pub(crate) shared: Arc<Shared>,
    pub(crate) table: ResourceTable,
    pub(crate) folders: Arc<Folders>,
    pub(crate) scope: Scope,
    pub(crate) open_folders: OpenFolders,
    pub(crate) wasi: WasiCtx,
    http: WasiHttpCtx,
    http_hooks: HttpHooks,
}

impl State {
    /// The state of a call that has not begun. Folders are opened only for what was granted.
    pub(crate) fn new(
        call: &Call,
        effective: Effective,
        meter: Meter,
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
            uses: Uses::default(),
            requests: tokio::sync::Semaphore::const_new(MAX_REQUESTS),
            refusal: Mutex::new(None),
            effective,
            egress,
        });
        let mut wasi = WasiCtx::builder();
        wasi.max_random_size(MAX_RANDOM);
        LineLog::attach(&shared, &mut wasi);
        if let Some(stop) = open_folders.take_refused() {
            shared.refuse(stop);
        }
        let wasi = wasi.build();
        Ok(Self {
            meter,
            table,
            folders,
            scope: call.scope.clone(),
            open_folders,
            wasi,
            http: WasiHttpCtx::new(),
            http_hooks: HttpHooks(Arc::clone(&shared)),
            shared,
        })
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.meter.count_host_call();
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
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

/// What the capabilities of one call share.
pub(crate) struct Shared {
    pub(crate) effective: Effective,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) log: LineLog,
    pub(crate) uses: Uses,
    pub(crate) egress: Egress,
    /// HTTP requests under way at the same time.
    pub(crate) requests: tokio::sync::Semaphore,
    refusal: Mutex<Option<Stop>>,
}

impl Shared {
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
