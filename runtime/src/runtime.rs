//! The runtime: what all skills share.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use skillgate_skill::Package;
use tokio::runtime::RuntimeFlavor;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::accounts::Accounts;
use crate::agent_usage::{AgentMeters, AgentUsage};
use crate::cache::CodeCache;
use crate::compile::compile;
use crate::config::RuntimeConfig;
use crate::egress::Egress;
use crate::epoch_ticker::EpochTicker;
use crate::error::{HostFault, LoadError};
use crate::folder::Folders;
use crate::guest_threads::GuestThreads;
use crate::host_memory::HostMemory;
use crate::load::{self, Skill};
use crate::places::{NoPlace, Place, Places};
use crate::schema::SchemaThreads;
use crate::state::State;
use crate::turns::Turns;
use crate::{engine, link};

/// Loads skills and holds what their calls share: the engine with its pool of instances, the
/// cache of compiled code, the egress door, the folders. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) threads: GuestThreads,
    /// Whose guest runs next on them.
    pub(crate) turns: Arc<Turns>,
    pub(crate) accounts: Accounts,
    /// What each agent's guests use.
    pub(crate) agent_meters: AgentMeters,
    /// Linear memory of all guests.
    pub(crate) memory: Arc<HostMemory>,
    pub(crate) config: RuntimeConfig,
    pub(crate) engine: Engine,
    /// What interrupts guests.
    pub(crate) ticker: EpochTicker,
    pub(crate) base: Linker<State>,
    pub(crate) egress: Egress,
    pub(crate) folders: Arc<Folders>,
    /// One permit for each instance of the pool.
    pub(crate) slots: Semaphore,
    /// Where schemas are compiled and expensive values are checked.
    pub(crate) schema_threads: SchemaThreads,
    /// Compilations under way: they take much memory and all of a CPU.
    compiles: Places,
    cache: Option<CodeCache>,
}

impl Runtime {
    /// Sets the engine up and reserves the pool's address space.
    ///
    /// # Errors
    /// When the engine does not start or the cache's folder cannot be made.
    pub fn new(config: RuntimeConfig) -> Result<Self, HostFault> {
        let engine = engine::running(&config.pool)?;
        let cache = config
            .cache
            .clone()
            .map(|cache| CodeCache::open(cache, config.compile.cache_bytes, &engine))
            .transpose()?;
        let (guests, instances) = (&config.guests, config.pool.instances as usize);
        let ticked = engine.clone();
        let inner = Inner {
            ticker: EpochTicker::start(move || ticked.increment_epoch())?,
            threads: GuestThreads::start(guests)?,
            turns: Turns::new(guests.threads),
            accounts: Accounts::new(guests.calls_per_account(instances)),
            agent_meters: AgentMeters::default(),
            memory: Arc::new(HostMemory::new(guests.memory, guests.memory_per_account)),
            base: link::base(&engine)?,
            egress: Egress::new(config.egress.clone()),
            folders: Arc::new(Folders::new(
                config.state_dir.clone(),
                config.storage.clone(),
            )),
            schema_threads: SchemaThreads::new(config.schemas.threads),
            compiles: Places::new(config.compile.places),
            slots: Semaphore::new(instances),
            cache,
            engine,
            config,
        };
        if inner.config.state_dir.is_some() {
            // Whatever was deleted before the last end and is still on the disk goes now.
            inner.folders.tend();
        }
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Loads a package whose signature the caller verified: compiles its component (or takes the
    /// code from the cache), checks that its imports are inside what its manifest asks for, and
    /// lists its tools, in an instance that is granted nothing.
    ///
    /// # Errors
    /// See [`LoadError`]; each says what to do.
    pub async fn load(&self, package: &Package) -> Result<Arc<Skill>, LoadError> {
        match self.load_compiled(package).await? {
            Some(skill) => Ok(skill),
            None => self.load_in(&self.compile_place("").await?, package).await,
        }
    }

    /// As [`Runtime::load`], where the package's component was compiled before; `None` when it must be compiled.
    ///
    /// # Errors
    /// As [`Runtime::load`].
    pub async fn load_compiled(&self, package: &Package) -> Result<Option<Arc<Skill>>, LoadError> {
        let Some(name) = self.entry(component_of(package)?) else {
            return Ok(None);
        };
        match self.cached(name).await? {
            Some(component) => self.ready(package, component).await.map(Some),
            None => Ok(None),
        }
    }

    /// A place to compile in, which an account waits for behind its own components first: nobody's keep everybody else's
    /// from being compiled. Whoever waits should hold nothing that others wait for.
    ///
    /// # Errors
    /// [`HostFault::CompilerBusy`] when no place became free in time.
    pub async fn compile_place(&self, account: &str) -> Result<CompilePlace, HostFault> {
        let busy = |NoPlace(waited)| HostFault::CompilerBusy(waited);
        let place = self.inner.compiles.take(account).await.map_err(busy)?;
        Ok(CompilePlace(place))
    }

    /// As [`Runtime::load`], in a place that was waited for before.
    ///
    /// # Errors
    /// As [`Runtime::load`].
    pub async fn load_in(
        &self,
        _place: &CompilePlace,
        package: &Package,
    ) -> Result<Arc<Skill>, LoadError> {
        let bytes = component_of(package)?;
        let code = compile(&self.inner.engine, &self.inner.config.compiler, bytes).await?;
        let component = self.compiled(self.entry(bytes), code).await?;
        self.ready(package, component).await
    }

    /// Starts a task on the guests' threads, where [`Skill::call`] runs in place: without it each call
    /// changes threads twice. For tasks that make many calls and serve nobody else meanwhile.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.inner.threads.spawn(work)
    }

    /// Deletes what skills kept for an agent, of all its peers: `kv` and `files`, for good. When this returns no call
    /// sees it any more; the disk is freed in the background, after a crash at the next start.
    ///
    /// # Errors
    /// When the folders cannot be moved to the trash; then they are where they were, and this can be tried again.
    pub async fn forget_agent(&self, account: &str, agent: &str) -> Result<(), HostFault> {
        self.inner.folders.forget(account, agent).await
    }

    /// Reads what the sandboxes of an agent used within the last minute, in this process: zero for an agent that ran none.
    pub fn agent_usage(&self, account: &str, agent: &str) -> AgentUsage {
        let meter = self.inner.agent_meters.find(account, agent);
        let (memory, cpu, window) = meter.unwrap_or_default().read();
        AgentUsage {
            memory,
            memory_limit: self.inner.memory.per_account(),
            cpu,
            window,
        }
    }

    /// The egress door that skills' requests pass, for the host's own requests on somebody's behalf.
    pub fn egress(&self) -> &Egress {
        &self.inner.egress
    }

    async fn ready(
        &self,
        package: &Package,
        component: Component,
    ) -> Result<Arc<Skill>, LoadError> {
        let digest = off_the_worker(|| package.digest());
        Skill::load(self.clone(), package.manifest.clone(), digest, component)
            .await
            .map(Arc::new)
    }

    /// The name under which this component's code is kept, where code is kept.
    fn entry(&self, component: &[u8]) -> Option<String> {
        let cache = self.inner.cache.as_ref()?;
        Some(off_the_worker(|| {
            cache.name(&Sha256::digest(component).into())
        }))
    }

    /// Makes code runnable that was just compiled, and keeps it for the next start. It may be hundreds of megabytes.
    async fn compiled(&self, entry: Option<String>, code: Vec<u8>) -> Result<Component, LoadError> {
        let inner = Arc::clone(&self.inner);
        let make = move || {
            let component = deserialize(&inner.engine, &code)?;
            if let (Some(cache), Some(name)) = (&inner.cache, entry) {
                cache.write(&name, &code);
            }
            Ok(component)
        };
        tokio::task::spawn_blocking(make)
            .await
            .map_err(HostFault::engine)?
    }

    /// What the cache has of this name. Read on a thread that may wait: it is hundreds of kilobytes, and hashed.
    async fn cached(&self, name: String) -> Result<Option<Component>, LoadError> {
        let inner = Arc::clone(&self.inner);
        let read = move || match inner.cache.as_ref().and_then(|cache| cache.read(&name)) {
            Some(code) => deserialize(&inner.engine, &code).map(Some),
            None => Ok(None),
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(HostFault::engine)?
    }
}

/// A place to compile in, given up when dropped.
#[derive(Debug)]
pub struct CompilePlace(#[expect(dead_code, reason = "held, not read")] Place);

/// The component of a package, which looks like one.
fn component_of(package: &Package) -> Result<&[u8], LoadError> {
    let Some(bytes) = package.component() else {
        return Err(LoadError::NoComponent {
            skill: package.manifest.name.clone(),
        });
    };
    load::check_preamble(bytes)?;
    Ok(bytes)
}

/// Does what takes long without a copy of what it borrows: where several threads serve, this one is taken out of
/// service meanwhile and another takes its place.
fn off_the_worker<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// Makes machine code runnable. Fails where the component does not fit into the pool's slots.
fn deserialize(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `code` is what this engine's compiler gave: it comes straight from it, or its tag
    // under the host's key was checked over these same bytes, which are copied from here.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| LoadError::Compile(format!("{error:#}")))
}
