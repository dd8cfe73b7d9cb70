//! All services, built once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use skillgate_agent::Budget;
use skillgate_agent::embedding::Embedder;
use skillgate_runtime::Runtime;
use skillgate_store::{GrantMode, Store, Timestamp};

use crate::accounts::Accounts;
use crate::agents::Agents;
use crate::api_keys::ApiKeys;
use crate::assignments::Assignments;
use crate::background::Background;
use crate::chat::Chat;
use crate::config::ServiceLimits;
use crate::console_sessions::ConsoleSessions;
use crate::credentials::{CallerCache, CredentialLookup, IdentityProvider, TokenKeys};
use crate::idempotency::Idempotency;
use crate::knowledge::Knowledge;
use crate::loaded_skills::LoadedSkills;
use crate::logs::Logs;
use crate::package_work::PackageWork;
use crate::packages::Packages;
use crate::pending_tasks::PendingTasks;
use crate::permission_grants::PermissionGrants;
use crate::places::WorkInProgress;
use crate::preload::{preload, when_loaded};
use crate::publisher_keys::PublisherKeys;
use crate::run::RunDriver;
use crate::run::approvals::Approvals;
use crate::run::hub::RunHub;
use crate::run::session_queue::SessionQueues;
use crate::runs::Runs;
use crate::skills::Skills;
use crate::swarms::Swarms;
use crate::tasks::Tasks;
use crate::tokens::Tokens;
use crate::usage::Usage;
use crate::{IdentityProviderConfig, ProviderConfig, PublicUrl, ServiceError};

/// How often what is written in batches is written.
const BATCH: Duration = Duration::from_secs(5);
/// How often what has expired is deleted.
const TIDY: Duration = Duration::from_secs(60);

/// What [`Services`] are built of.
pub struct ServiceConfig {
    /// Where everything is kept.
    pub store: Store,
    /// What runs skills.
    pub runtime: Runtime,
    /// The language models.
    pub providers: ProviderConfig,
    /// What makes vectors of knowledge.
    pub embedder: Arc<dyn Embedder>,
    /// Requests a minute for an API key that has no limit of its own; 0 is none.
    pub rate_limit: u32,
    /// The mode of new grants to skills that only their publisher vouches for.
    pub community_mode: GrantMode,
    /// The operator's own identity provider, whose tokens are accepted, too.
    pub identity_provider: Option<IdentityProviderConfig>,
    /// What one turn of an agent may use.
    pub budget: Budget,
    /// Where the world reaches this host: what publishers' proofs are made for.
    pub public_url: PublicUrl,
    /// How much of the host's own work there may be at once, and how much of it for one account.
    pub limits: ServiceLimits,
}

/// A service for each noun.
pub struct Services {
    /// Accounts, and what they use.
    pub accounts: Accounts,
    /// Agents.
    pub agents: Arc<Agents>,
    /// API keys.
    pub api_keys: ApiKeys,
    /// Skills on agents.
    pub assignments: Arc<Assignments>,
    /// Messages and sessions.
    pub chat: Chat,
    /// Sessions of the console.
    pub console_sessions: ConsoleSessions,
    /// Requests that are sent again.
    pub idempotency: Idempotency,
    /// What agents and swarms know.
    pub knowledge: Arc<Knowledge>,
    /// Agents' logs.
    pub logs: Logs,
    /// Packages that are published.
    pub packages: Packages,
    /// What skills may do.
    pub permission_grants: PermissionGrants,
    /// Keys that may sign for an account.
    pub publisher_keys: PublisherKeys,
    /// Runs, step by step.
    pub runs: Runs,
    /// The skills that an account sees.
    pub skills: Skills,
    /// Swarms.
    pub swarms: Swarms,
    /// What waits for a decision.
    pub tasks: Tasks,
    /// What accounts used.
    pub usage: Usage,
    /// Access tokens.
    pub tokens: Tokens,
    /// The callers seen lately.
    pub callers: Arc<CallerCache>,
    store: Store,
    loaded_skills: LoadedSkills,
    driver: Arc<RunDriver>,
    background: Background,
    preloaded: AtomicBool,
}

impl Services {
    /// Builds all services and starts what works in the background, which ends when [`Background::closing`] is cancelled. Must
    /// be called within a tokio runtime.
    pub fn start(config: ServiceConfig) -> Arc<Self> {
        let services = Arc::new(Self::build(config));
        let (background, started) = (&services.background, services.clone());
        background.spawn(async move { started.write_batches().await });
        let (knowledge, closing) = (services.knowledge.clone(), background.closing().clone());
        background.spawn(knowledge.embed_anew(closing));
        let started = services.clone();
        background.spawn(async move { started.delete_expired().await });
        let started = services.clone();
        background.spawn(async move {
            let load = preload(&started.store, &started.loaded_skills);
            let closing = started.background.closing();
            when_loaded(load, || started.set_preloaded(), closing).await;
        });
        services
    }

    fn build(config: ServiceConfig) -> Self {
        let ServiceConfig {
            store,
            runtime,
            limits,
            ..
        } = config;
        let background = Background::default();
        let providers = Arc::new(config.providers);
        let package_work = Arc::new(PackageWork::new(&limits.packages));
        let places = Arc::new(WorkInProgress::new(limits.places));
        let logs = Logs::start(
            store.clone(),
            limits.logs,
            limits.pages,
            places.clone(),
            &background,
        );
        let loaded_skills = LoadedSkills::new(
            store.clone(),
            runtime.clone(),
            package_work.clone(),
            limits.loaded_skills,
        );
        let agents = Arc::new(Agents::new(
            store.clone(),
            runtime.clone(),
            providers.clone(),
            loaded_skills.clone(),
            logs.clone(),
        ));
        let knowledge = Arc::new(Knowledge::new(
            store.clone(),
            agents.clone(),
            config.embedder,
            places.clone(),
            limits.knowledge,
        ));
        let pending_tasks = PendingTasks::new(store.clone(), limits.tasks);
        let driver = Arc::new(RunDriver {
            store: store.clone(),
            agents: agents.clone(),
            knowledge: knowledge.clone(),
            loaded_skills: loaded_skills.clone(),
            providers: providers.clone(),
            places: places.clone(),
            logs: logs.clone(),
            budget: config.budget,
            background: background.clone(),
            session_queues: SessionQueues::default(),
            approvals: Approvals::new(pending_tasks.clone(), background.closing().clone()),
            hub: RunHub::default(),
            event_page_bytes: limits.pages.run_events,
        });
        let assignments = Arc::new(Assignments::new(
            store.clone(),
            agents.clone(),
            loaded_skills.clone(),
            pending_tasks.clone(),
            logs.clone(),
            limits.accounts.tool_bytes,
            config.community_mode,
        ));
        let token_keys = TokenKeys::new(&store.token_signing_seed(), &config.public_url);
        let token_keys = Arc::new(token_keys);
        let identity_provider = config.identity_provider.map(|provider| {
            let (http, store) = (providers.http.clone(), store.clone());
            IdentityProvider::new(provider, http, store, background.clone())
        });
        let lookup = CredentialLookup::new(store.clone(), token_keys.clone(), identity_provider);
        let callers = Arc::new(CallerCache::new(store.clone(), lookup));
        let console_sessions =
            ConsoleSessions::new(store.clone(), callers.clone(), &config.public_url);
        let publisher_keys = PublisherKeys::new(store.clone(), config.public_url);
        Self {
            accounts: Accounts::new(store.clone()),
            api_keys: ApiKeys::new(
                store.clone(),
                callers.clone(),
                limits.accounts,
                config.rate_limit,
            ),
            permission_grants: PermissionGrants::new(
                store.clone(),
                loaded_skills.clone(),
                places.clone(),
                logs.clone(),
            ),
            tasks: Tasks::new(
                store.clone(),
                pending_tasks,
                assignments.clone(),
                places.clone(),
                logs.clone(),
            ),
            assignments,
            chat: Chat::new(
                store.clone(),
                agents.clone(),
                driver.clone(),
                places.clone(),
                limits.pages.messages,
            ),
            knowledge,
            packages: Packages::new(
                store.clone(),
                runtime,
                loaded_skills.clone(),
                publisher_keys.clone(),
                package_work,
                &limits,
            ),
            console_sessions,
            idempotency: Idempotency::new(store.clone()),
            tokens: Tokens::new(store.clone(), token_keys),
            callers,
            publisher_keys,
            runs: Runs::new(
                store.clone(),
                agents.clone(),
                driver.clone(),
                places.clone(),
                limits.pages.steps,
            ),
            skills: Skills::new(store.clone(), places),
            swarms: Swarms::new(store.clone()),
            usage: Usage::new(store.clone()),
            agents,
            logs,
            store,
            loaded_skills,
            driver,
            background,
            preloaded: AtomicBool::new(false),
        }
    }

    /// Now, by the store's clock.
    pub fn now(&self) -> Timestamp {
        self.store.now()
    }

    /// What works in the background, and whether it is closing.
    pub fn background(&self) -> &Background {
        &self.background
    }

    /// Resumes, in the background, every run that has not ended.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn resume_runs(&self) -> Result<(), ServiceError> {
        self.driver.resume_runs().await
    }

    /// Checks that messages can be answered: the host is not closing, the skills of running agents are loaded or had five seconds
    /// to be, and the store answers.
    ///
    /// # Errors
    /// Unavailable, saying which of them does not hold.
    pub async fn check_ready(&self) -> Result<(), ServiceError> {
        if self.background.closing().is_cancelled() {
            return Err(ServiceError::unavailable("The server is shutting down."));
        }
        if !self.preloaded.load(Ordering::Acquire) {
            return Err(ServiceError::unavailable(
                "The skills of running agents are being loaded.",
            ));
        }
        let answered = self.store.ping().await;
        answered
            .map_err(|error| ServiceError::unavailable("The store does not answer.").because(error))
    }

    /// Writes what waits to be written in a batch.
    pub async fn flush(&self) {
        self.callers.write_uses().await;
        self.logs.flush().await;
    }

    fn set_preloaded(&self) {
        self.preloaded.store(true, Ordering::Release);
    }

    async fn delete_expired(&self) {
        let closing = self.background.closing();
        while closing
            .run_until_cancelled(tokio::time::sleep(TIDY))
            .await
            .is_some()
        {
            self.idempotency.forget_expired().await;
        }
    }

    async fn write_batches(&self) {
        let closing = self.background.closing();
        while closing
            .run_until_cancelled(tokio::time::sleep(BATCH))
            .await
            .is_some()
        {
            self.callers.tidy().await;
            self.loaded_skills.tidy();
        }
    }
}
