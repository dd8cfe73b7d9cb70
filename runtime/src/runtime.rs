//! The runtime: what all skills share.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use skillgate_skill::Package;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::accounts::Accounts;
use crate::cache::CodeCache;
use crate::compile::compile;
use crate::config::RuntimeConfig;
use crate::egress::Egress;
use crate::error::{HostFault, LoadError};
use crate::folder::Folders;
use crate::guest_threads::GuestThreads;
use crate::host_memory::HostMemory;
use crate::load::{self, Skill};
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
    /// Linear memory of all guests.
    pub(crate) memory: Arc<HostMemory>,
    pub(crate) config: RuntimeConfig,
    pub(crate) engine: Engine,
    pub(crate) base: Linker<State>,
    pub(crate) egress: Egress,
    pub(crate) folders: Arc<Folders>,
    /// One permit for each instance of the pool.
    pub(crate) slots: Semaphore,
    /// Compilations under way: they take much memory and all of a CPU.
    compiles: Semaphore,
    cache: Option<CodeCache>,
}

/// Components that are compiled at the same time; later ones wait.
const MAX_COMPILES: usize = 2;

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
            .map(|cache| CodeCache::open(cache, &engine))
            .transpose()?;
        let (guests, instances) = (&config.guests, config.pool.instances as usize);
        let inner = Inner {
            threads: GuestThreads::start(guests)?,
            turns: Turns::new(guests.threads),
            accounts: Accounts::new(guests.calls_per_account(instances)),
            memory: Arc::new(HostMemory::new(guests.memory, guests.memory_per_account)),
            base: link::base(&engine)?,
            egress: Egress::new(config.egress.clone()),
            folders: Arc::new(Folders::new(config.state_dir.clone())),
            slots: Semaphore::new(instances),
            compiles: Semaphore::new(MAX_COMPILES),
            cache,
            engine,
            config,
        };
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
        let manifest = package.manifest.clone();
        let Some(bytes) = package.component() else {
            return Err(LoadError::NoComponent {
                skill: manifest.name,
            });
        };
        load::check_preamble(bytes)?;
        let component = self.component(bytes).await?;
        Skill::load(
            self.clone(),
            manifest,
            package.digest().to_string(),
            component,
        )
        .await
        .map(Arc::new)
    }

    /// Starts a task on the guests' threads, where [`Skill::call`] runs in place: without it each call
    /// changes threads twice. For tasks that make many calls and serve nobody else meanwhile.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.inner.threads.spawn(work)
    }

    /// Deletes what skills kept for an agent, of all its peers: `kv` and `files`, for good.
    ///
    /// # Errors
    /// When the folders cannot be deleted; what is left then is deleted by a second call.
    pub async fn forget_agent(&self, agent: &str) -> Result<(), HostFault> {
        let (folders, agent) = (Arc::clone(&self.inner.folders), agent.to_owned());
        tokio::task::spawn_blocking(move || folders.forget(&agent))
            .await
            .map_err(HostFault::engine)?
    }

    /// The egress door that skills' requests pass, for the host's own requests on somebody's behalf.
    pub fn egress(&self) -> &Egress {
        &self.inner.egress
    }

    async fn component(&self, bytes: &[u8]) -> Result<Component, LoadError> {
        let inner = &self.inner;
        let entry = inner
            .cache
            .as_ref()
            .map(|cache| (cache, cache.name(&Sha256::digest(bytes).into())));
        if let Some((_, name)) = &entry
            && let Some(cached) = self.cached(name.clone()).await?
        {
            return Ok(cached);
        }
        let Ok(_turn) = inner.compiles.acquire().await else {
            return Err(HostFault::Engine("it is shutting down".into()).into());
        };
        let code = compile(&inner.engine, &inner.config.compiler, bytes).await?;
        let component = deserialize(&inner.engine, &code)?;
        if let Some((cache, name)) = entry {
            cache.write(&name, &code);
        }
        Ok(component)
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

/// Makes machine code runnable. Fails where the component does not fit into the pool's slots.
fn deserialize(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `code` is what this engine's compiler gave: it comes straight from it, or its tag
    // under the host's key was checked over these same bytes, which are copied from here.
    #[allow(unsafe_code)]
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| LoadError::Compile(format!("{error:#}")))
}
