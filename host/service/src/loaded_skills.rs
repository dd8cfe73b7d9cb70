//! Skills that are ready to run: verified, compiled and linked, once for each version, whoever uses them.
//!
//! What a version says of itself is small and kept for long. Its machine code is large: it is kept as long as there is
//! room ([`LoadedSkillLimits`]), and loaded again when it is called and is not there.

mod code_cache;
mod grants;
mod held_grant;
mod load;
pub(crate) mod open;

use std::collections::HashMap;
use std::convert::Infallible;
use std::num::NonZero;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use moka::policy::EvictionPolicy;
use skillgate_runtime::{Runtime, Tool};
use skillgate_skill::Manifest;
use skillgate_store::{Agent, Change, GrantedSkill, Store, VersionSource};

use self::code_cache::CodeCache;
use self::grants::LiveGrants;
use self::held_grant::GrantCell;
pub(crate) use self::held_grant::HeldGrant;
use self::load::Load;
pub(crate) use self::load::PackageTexts;
use crate::cache::Cache;
use crate::config::LoadedSkillLimits;
use crate::package_work::PackageWork;
use crate::{ErrorKind, ServiceError};

/// The folders of a package whose files are listed to a model.
const REFERENCES: &str = "references/";
const SCRIPTS: &str = "scripts/";
/// Bytes of manifests and lists of tools that are kept, beside the code.
const TEXTS: u64 = 64 << 20;
/// Agents whose skills and grants are remembered.
const AGENTS: u64 = 100_000;
/// After this time an agent's skills and grants are looked up again: another process may have changed them.
const CACHE_TTL: Duration = Duration::from_secs(1);

/// The code of a version, ready to run.
pub(crate) type Code = Arc<skillgate_runtime::Skill>;

/// A version of a skill, ready to run.
pub(crate) struct LoadedSkill {
    /// The skill's id, which its state is kept under.
    pub skill_id: String,
    /// The skill's name.
    pub name: String,
    /// The version.
    pub version: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Key id of who signed it.
    pub publisher_key: String,
    /// Names of the files below `references/`.
    pub references: Vec<String>,
    /// Names of the files below `scripts/`.
    pub scripts: Vec<String>,
    tools: Vec<Tool>,
    /// Bytes of the tools as JSON.
    tool_bytes: u64,
    has_code: bool,
    source: Arc<VersionSource>,
    skills: Weak<Inner>,
}

impl LoadedSkill {
    /// The tools that it offers.
    pub(crate) fn tools(&self) -> &[Tool] {
        &self.tools
    }

    /// Its code; `None` for instructions alone. Loaded again where it had to make room for others.
    ///
    /// # Errors
    /// As [`LoadedSkills::ready`].
    pub(crate) async fn code(&self) -> Result<Option<Code>, ServiceError> {
        if !self.has_code {
            return Ok(None);
        }
        let closing = || ServiceError::unavailable("The server is shutting down.");
        let skills = self.skills.upgrade().ok_or_else(closing)?;
        match skills.codes.get(&self.source.version_id) {
            Some(code) => Ok(Some(code)),
            None => Ok(skills.load(&self.source).await?.code),
        }
    }

    /// The content of one of its [`references`](Self::references), read from the stored package in the places of `account`.
    ///
    /// # Errors
    /// As [`LoadedSkills::ready`].
    pub(crate) async fn reference(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Option<Vec<u8>>, ServiceError> {
        let closing = || ServiceError::unavailable("The server is shutting down.");
        let skills = self.skills.upgrade().ok_or_else(closing)?;
        skills
            .file(&self.source, account, &format!("{REFERENCES}{name}"))
            .await
    }

    /// What it takes in memory beside its code, in KiB.
    fn text_weight(&self) -> u32 {
        let names = self.references.iter().chain(&self.scripts);
        let names: usize = names.map(String::len).sum();
        let bytes = self.tool_bytes + self.manifest.body.len() as u64 + names as u64;
        u32::try_from(bytes >> 10)
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }
}

/// A skill on an agent.
pub(crate) struct AgentSkill {
    /// The version installed.
    pub skill: Arc<LoadedSkill>,
    /// What it is granted there.
    grant: GrantCell,
}

impl AgentSkill {
    /// A grant outlives the version that it was given to: both must be the same.
    fn is_same_grant(&self, other: &Self) -> bool {
        let same = self.skill.source.version_id == other.skill.source.version_id;
        same && self.grant.held().permits_as(&other.grant.held())
    }

    fn is_grant_of(&self, found: &GrantedSkill) -> bool {
        let same = self.skill.source.version_id == found.source.version_id;
        same && self.grant.held().permits_as(&HeldGrant::of_skill(found))
    }
}

/// The skills of agents with what they are granted, by the agent's id.
type AgentSkills = Cache<String, Arc<Vec<AgentSkill>>>;

/// All skills that are ready. Cheap to clone: all clones are one.
#[derive(Clone)]
pub(crate) struct LoadedSkills(Arc<Inner>);

struct Inner {
    store: Store,
    runtime: Runtime,
    packages: Arc<PackageWork>,
    limits: LoadedSkillLimits,
    versions: moka::future::Cache<String, Arc<LoadedSkill>>,
    codes: CodeCache<skillgate_runtime::Skill>,
    loads: Mutex<HashMap<String, Load>>,
    agents: AgentSkills,
    live: LiveGrants,
}

impl LoadedSkills {
    /// Nothing loaded yet.
    pub(crate) fn new(
        store: Store,
        runtime: Runtime,
        packages: Arc<PackageWork>,
        limits: LoadedSkillLimits,
    ) -> Self {
        let versions = moka::future::Cache::builder()
            .weigher(|_, loaded: &Arc<LoadedSkill>| loaded.text_weight())
            .max_capacity(TEXTS >> 10)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(limits.idle)
            .build();
        let agents = Cache::new(AGENTS, CACHE_TTL);
        let agents = agents.fed_by(&store, |agents: &AgentSkills, change| match change {
            Change::AgentSkills(agent) => agents.invalidate(agent.as_str()),
            Change::Grants => agents.invalidate_all(),
            _ => {}
        });
        Self(Arc::new(Inner {
            store,
            runtime,
            packages,
            limits,
            versions,
            codes: CodeCache::new(limits),
            loads: Mutex::default(),
            agents,
            live: LiveGrants::default(),
        }))
    }

    /// The skills of an agent with what they are granted: by priority, the highest first, then in the order in which they were
    /// installed.
    ///
    /// # Errors
    /// When one of them can't be made ready: the agent then can't run as its owner wants.
    pub(crate) async fn of_agent(
        &self,
        agent: &Agent,
    ) -> Result<Arc<Vec<AgentSkill>>, ServiceError> {
        self.of(&agent.account_id, &agent.id).await
    }

    /// As [`LoadedSkills::of_agent`], of an agent by its id.
    ///
    /// # Errors
    /// As [`LoadedSkills::of_agent`].
    pub(crate) async fn of(
        &self,
        account: &str,
        agent: &str,
    ) -> Result<Arc<Vec<AgentSkill>>, ServiceError> {
        let look_up = || self.0.look_up(account, agent);
        self.0.agents.get_or_read(agent, look_up).await
    }

    /// Looks an agent's skills up again at the next use: what another process changed is seen, too.
    pub(crate) fn invalidate_agent(&self, agent: &str) {
        self.0.agents.invalidate(agent);
    }

    /// Takes back what a skill was granted on an agent from what runs there now. It was revoked in the store before.
    pub(crate) fn revoke(&self, agent: &str, skill_id: &str) {
        self.0.live.revoke(agent, skill_id);
    }

    /// Takes a grant back wherever it is in use, after it was narrowed or revoked: calls under it end, and the next ones have
    /// what is left of it.
    pub(crate) fn revoke_grant(&self, grant_id: &str) {
        self.0.live.change(grant_id, |one| one.grant.revoke());
    }

    /// Reads a grant anew wherever it is in use, after it was changed without permitting less: calls under it go on.
    pub(crate) fn refresh_grant(&self, grant_id: &str) {
        self.0.live.change(grant_id, |one| one.grant.expire());
    }

    /// What a skill on an agent may do now: at most a second old where another process changed it.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn current_grant(
        &self,
        account: &str,
        agent: &str,
        one: &AgentSkill,
    ) -> Result<HeldGrant, ServiceError> {
        self.0.current_grant(account, agent, one).await
    }

    /// Ends the calls under a grant, for as long as it is polled, when the grant is narrowed, revoked or expires, within a
    /// second where another process changes it.
    pub(crate) async fn watch_grant(
        &self,
        account: &str,
        agent: &str,
        one: &AgentSkill,
    ) -> Infallible {
        self.0.watch_grant(account, agent, one).await
    }

    /// Forgets a version, whose package changed, and its code.
    pub(crate) async fn invalidate_version(&self, version_id: &str) {
        self.0.versions.invalidate(version_id).await;
        self.0.codes.remove(version_id);
    }

    /// Makes a version ready; waits for whoever does so already.
    ///
    /// # Errors
    /// `Invalid` when its signature does not hold any more or it can't run here; `Unavailable` when no place to do so became free.
    pub(crate) async fn ready(
        &self,
        source: VersionSource,
    ) -> Result<Arc<LoadedSkill>, ServiceError> {
        self.0.ready(Arc::new(source)).await
    }

    /// Keeps a version that was verified and loaded to be published, where there is room: whoever installs it next finds it ready.
    ///
    /// # Errors
    /// When its tools cannot be written as JSON.
    pub(crate) async fn keep(
        &self,
        source: VersionSource,
        texts: PackageTexts,
        code: Option<Code>,
    ) -> Result<(), ServiceError> {
        // Code that is let go of while calls use it is counted, and no more may come while there is too much of it.
        if !self.0.codes.admits(&source.owner) {
            return Ok(());
        }
        let source = Arc::new(source);
        self.0.keep(&source, texts, code).await.map(drop)
    }

    /// Lets go of what nobody used for long.
    pub(crate) fn tidy(&self) {
        self.0.codes.remove_idle();
        self.0.live.tidy();
    }

    /// Whether there is no room for further code without letting go of other.
    pub(crate) fn is_full(&self) -> bool {
        self.0.codes.weight() >= self.0.limits.in_all / 10 * 9
    }
}

impl Inner {
    async fn ready(
        self: &Arc<Self>,
        source: Arc<VersionSource>,
    ) -> Result<Arc<LoadedSkill>, ServiceError> {
        match self.versions.get(&source.version_id).await {
            Some(loaded) => Ok(loaded),
            None => Ok(self.load(&source).await?.loaded),
        }
    }

    async fn look_up(
        self: &Arc<Self>,
        account: &str,
        agent: &str,
    ) -> Result<Arc<Vec<AgentSkill>>, ServiceError> {
        let changes = self.live.changes();
        let found = self.store.granted_skills(account, agent).await?;
        let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
        let ready = found.into_iter().map(|found| self.granted(found));
        let granted = futures::stream::iter(ready).buffered(at_once);
        let granted = Arc::new(granted.try_collect().await?);
        self.live.renew(agent, &granted);
        // Loading takes up to minutes. What was taken back meanwhile was in no list that anybody could find it in.
        if self.live.changes() != changes {
            let now = self.store.granted_skills(account, agent).await?;
            let gone = granted
                .iter()
                .filter(|old| !now.iter().any(|new| old.is_grant_of(new)));
            gone.for_each(|old| old.grant.revoke());
        }
        Ok(granted)
    }

    async fn granted(self: &Arc<Self>, found: GrantedSkill) -> Result<AgentSkill, ServiceError> {
        let grant = GrantCell::new(HeldGrant::of_skill(&found));
        let source = Arc::new(found.source);
        let loaded = self.ready(source.clone()).await;
        Ok(AgentSkill {
            skill: loaded.map_err(|error| unusable(&source.skill_name, error))?,
            grant,
        })
    }
}

/// A skill that was fit to be installed and is not fit to run now is not the fault of the request that wants it.
fn unusable(skill: &str, error: ServiceError) -> ServiceError {
    if error.is_host_failure() || error.kind() == ErrorKind::Unavailable {
        return error;
    }
    ServiceError::conflict(format!(
        "The skill {skill} can't run: {} Remove it from the agent, or publish it again.",
        error.message()
    ))
}
