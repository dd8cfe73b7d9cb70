//! All that handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skillgate_agent::Budget;
use skillgate_runtime::{Place, Places, Runtime};
use skillgate_store::{Store, Timestamp};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ApiError;
use crate::api_key_cache::ApiKeyCache;
use crate::config::{ConnectionLimits, ServerLimits};
use crate::limiter::Limiter;
use crate::package_work::PackageWork;
use crate::preload::preload;
use crate::public_url::PublicUrl;
use crate::run::provider::ProviderConfig;
use crate::run::session_queue::SessionQueues;
use crate::service::agents::Agents;
use crate::service::loaded_skills::LoadedSkills;
use crate::service::logs::Logs;
use crate::spool::Spools;

/// How often what is written in batches is written.
const BATCH: Duration = Duration::from_secs(5);

/// What an [`App`] is built of.
pub struct AppConfig {
    /// Where everything is kept.
    pub store: Store,
    /// What runs skills.
    pub runtime: Runtime,
    /// The language models.
    pub providers: ProviderConfig,
    /// Requests a minute for a key that has no limit of its own; 0 is none.
    pub rate_limit: u32,
    /// What one turn of an agent may use.
    pub budget: Budget,
    /// Where the world reaches this server: what publishers' proofs are made for.
    pub public_url: PublicUrl,
    /// How much of the server's own work there may be at once, and how much of it for one account.
    pub limits: ServerLimits,
}

/// The running service. Cheap to clone: all clones are one.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    runtime: Runtime,
    providers: ProviderConfig,
    rate_limit: u32,
    budget: Budget,
    public_url: PublicUrl,
    limits: ServerLimits,
    limiter: Limiter,
    keys: ApiKeyCache,
    agents: Agents,
    loaded_skills: LoadedSkills,
    logs: Logs,
    session_queues: SessionQueues,
    spools: Spools,
    package_work: Arc<PackageWork>,
    runs: Places,
    chats: Places,
    streams: Places,
    page_reads: Places,
    tasks: TaskTracker,
    closing: CancellationToken,
    warm: AtomicBool,
}

impl App {
    /// Builds the service and starts what works in its background. Must be called within a tokio runtime.
    pub fn new(config: AppConfig) -> Self {
        let limits = config.limits;
        let package_work = Arc::new(PackageWork::new(&limits.packages));
        let app = Self(Arc::new(Inner {
            keys: ApiKeyCache::new(config.store.clone()),
            loaded_skills: LoadedSkills::new(
                config.store.clone(),
                config.runtime.clone(),
                package_work.clone(),
                limits.loaded_skills,
            ),
            logs: Logs::start(config.store.clone(), limits.logs),
            agents: Agents::default(),
            limiter: Limiter::default(),
            session_queues: SessionQueues::default(),
            spools: Spools::new(&limits.packages),
            package_work,
            runs: Places::new(limits.places.runs),
            chats: Places::new(limits.places.chats),
            streams: Places::new(limits.places.streams),
            page_reads: Places::new(limits.places.page_reads),
            limits,
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
            warm: AtomicBool::new(false),
            store: config.store,
            runtime: config.runtime,
            providers: config.providers,
            rate_limit: config.rate_limit,
            budget: config.budget,
            public_url: config.public_url,
        }));
        tokio::spawn(app.clone().write_key_uses());
        app.tasks().spawn(preload(app.clone()));
        app
    }

    /// Now, by the store's clock.
    pub fn now(&self) -> Timestamp {
        self.0.store.now()
    }

    /// Where everything is kept.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What runs skills.
    pub fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }

    pub(crate) fn providers(&self) -> &ProviderConfig {
        &self.0.providers
    }

    pub(crate) fn rate_limit(&self) -> u32 {
        self.0.rate_limit
    }

    /// Where the world reaches this server.
    pub fn public_url(&self) -> &PublicUrl {
        &self.0.public_url
    }

    /// The highest rate limit that an account may give its own key. Without a limit for keys that have none, there is
    /// nothing that a key of its own could get around.
    pub(crate) fn max_rate_limit(&self) -> u32 {
        let ceiling = self.0.limits.accounts.max_rate_limit;
        ceiling.unwrap_or(match self.0.rate_limit {
            0 => u32::MAX,
            limit => limit.saturating_mul(10),
        })
    }

    pub(crate) fn budget(&self) -> Budget {
        self.0.budget
    }

    pub(crate) fn connections(&self) -> &ConnectionLimits {
        &self.0.limits.connections
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    pub(crate) fn keys(&self) -> &ApiKeyCache {
        &self.0.keys
    }

    pub(crate) fn agents(&self) -> &Agents {
        &self.0.agents
    }

    pub(crate) fn loaded_skills(&self) -> &LoadedSkills {
        &self.0.loaded_skills
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.0.logs
    }

    pub(crate) fn session_queues(&self) -> &SessionQueues {
        &self.0.session_queues
    }

    pub(crate) fn limits(&self) -> &ServerLimits {
        &self.0.limits
    }

    pub(crate) fn spools(&self) -> &Spools {
        &self.0.spools
    }

    pub(crate) fn package_work(&self) -> &PackageWork {
        &self.0.package_work
    }

    /// Places of runs under way.
    pub(crate) fn runs(&self) -> &Places {
        &self.0.runs
    }

    /// Places of messages that wait for an answer, or whose answer is being sent.
    pub(crate) fn chats(&self) -> &Places {
        &self.0.chats
    }

    /// Places of logs that are followed.
    pub(crate) fn streams(&self) -> &Places {
        &self.0.streams
    }

    /// Waits for a place to read an answer that may have megabytes; 503 when none becomes free in time.
    pub(crate) async fn page_read(&self, account: &str) -> Result<Place, ApiError> {
        let place = self.0.page_reads.take(account).await;
        place.map_err(|_| {
            ApiError::unavailable(
                "Too many large answers of this account are being read. Try again, or ask for less at once.",
            )
        })
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Cancelled when a shutdown begins: streams end, runs stop at their next committed step, nothing new begins.
    pub(crate) fn closing(&self) -> &CancellationToken {
        &self.0.closing
    }

    /// Whether the skills of running agents were loaded, or had their time to.
    pub(crate) fn is_preloaded(&self) -> bool {
        self.0.warm.load(Ordering::Acquire)
    }

    pub(crate) fn set_preloaded(&self) {
        self.0.warm.store(true, Ordering::Release);
    }

    /// Waits, at most `patience`, for the runs to stop.
    pub(crate) async fn drain(&self, patience: Duration) {
        self.0.tasks.close();
        if tokio::time::timeout(patience, self.0.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                runs = self.0.tasks.len(),
                "some runs did not stop in time; they go on after the next start"
            );
        }
    }

    /// Writes what waits to be written in a batch.
    pub(crate) async fn flush(&self) {
        self.0.keys.write_uses().await;
        self.0.logs.flush().await;
    }

    async fn write_key_uses(self) {
        while self
            .0
            .closing
            .run_until_cancelled(tokio::time::sleep(BATCH))
            .await
            .is_some()
        {
            self.0.keys.write_uses().await;
            self.0.loaded_skills.tidy();
        }
    }
}
