//! Skills that are ready to run: verified, compiled and linked, once for each version, whoever uses them.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use moka::future::Cache;
use skillgate_runtime::{Runtime, Tool};
use skillgate_skill::{Manifest, Package, Permissions, Verified, VerifyingKey};
use skillgate_store::{Agent, Assignment, PublisherKey, Skill, Store, Version};

use crate::ApiError;

/// Versions kept ready; the least used goes first.
const READY: u64 = 5_000;
/// Agents whose skills and grants are remembered.
const AGENTS: u64 = 100_000;
/// After this time an agent's skills and grants are looked up again: another process may have changed them.
const FRESH: Duration = Duration::from_secs(1);

/// A version of a skill, ready to run.
pub struct Loaded {
    /// The skill's id, which its state is kept under.
    pub skill_id: String,
    /// The skill's name.
    pub name: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Key id of who signed it.
    pub publisher_key: String,
    /// Its code; `None` for instructions alone.
    pub code: Option<Arc<skillgate_runtime::Skill>>,
}

impl Loaded {
    /// The tools that it offers.
    pub fn tools(&self) -> &[Tool] {
        self.code.as_ref().map_or(&[], |code| code.tools())
    }
}

/// A skill on an agent.
pub struct Granted {
    /// The version installed.
    pub skill: Arc<Loaded>,
    /// What it is granted there.
    pub permissions: Arc<Permissions>,
}

/// A skill on an agent that may have to be made ready.
struct Found {
    skill: Skill,
    version: Version,
    permissions: Permissions,
}

/// All skills that are ready.
pub struct Shelf {
    store: Store,
    runtime: Runtime,
    versions: Cache<String, Arc<Loaded>>,
    agents: Cache<String, Arc<Vec<Granted>>>,
}

impl Shelf {
    /// An empty shelf.
    pub fn new(store: Store, runtime: Runtime) -> Self {
        let versions = Cache::builder().max_capacity(READY).build();
        let agents = Cache::builder()
            .max_capacity(AGENTS)
            .time_to_live(FRESH)
            .build();
        Self {
            store,
            runtime,
            versions,
            agents,
        }
    }

    /// The skills of an agent with what they are granted, in the order in which they were installed.
    ///
    /// # Errors
    /// When one of them can't be made ready: the agent then can't run as its owner wants.
    pub async fn of_agent(&self, agent: &Agent) -> Result<Arc<Vec<Granted>>, ApiError> {
        let found = self
            .agents
            .try_get_with_by_ref(&agent.id, self.look_up(agent))
            .await;
        found.map_err(|error| ApiError::clone(&error))
    }

    /// Looks an agent's skills up again at the next use.
    pub async fn forget(&self, agent: &str) {
        self.agents.invalidate(agent).await;
    }

    /// Makes a version ready, which `account` may see; waits for whoever does so already.
    ///
    /// # Errors
    /// 400 when its signature does not hold any more or it can't run here.
    pub async fn ready(
        &self,
        account: &str,
        skill: &Skill,
        version: &Version,
    ) -> Result<Arc<Loaded>, ApiError> {
        let loaded = self
            .versions
            .try_get_with_by_ref(&version.id, self.open(account, skill, version))
            .await;
        loaded.map_err(|error| ApiError::clone(&error))
    }

    async fn look_up(&self, agent: &Agent) -> Result<Arc<Vec<Granted>>, ApiError> {
        let account = agent.account_id.as_str();
        let mut found = Vec::new();
        for one in self.store.list_assignments(account, &agent.id).await? {
            if one.is_enabled {
                found.push(self.find(agent, &one).await?);
            }
        }
        let at_once = std::thread::available_parallelism().map_or(1, NonZero::get);
        let ready = found.into_iter().map(|found| self.granted(account, found));
        let granted = futures::stream::iter(ready).buffered(at_once);
        Ok(Arc::new(granted.try_collect().await?))
    }

    async fn granted(&self, account: &str, found: Found) -> Result<Granted, ApiError> {
        let loaded = self.ready(account, &found.skill, &found.version).await;
        Ok(Granted {
            skill: loaded.map_err(|error| unusable(&found.skill, error))?,
            permissions: Arc::new(found.permissions),
        })
    }

    /// A skill on an agent, in the version that is there, and what it is granted.
    async fn find(&self, agent: &Agent, one: &Assignment) -> Result<Found, ApiError> {
        let account = agent.account_id.as_str();
        let version = self
            .store
            .get_version(account, &one.skill_id, Some(&one.version))
            .await?;
        let (skill, version) = version.ok_or_else(|| ApiError::not_found("skill"))?;
        let key = version.publisher_key_id.as_deref();
        let grant = self
            .store
            .effective_grant(account, &agent.id, &skill.id, key)
            .await?;
        let permissions = grant
            .map(|grant| serde_json::from_value(grant.permissions))
            .transpose();
        Ok(Found {
            permissions: permissions.map_err(ApiError::internal)?.unwrap_or_default(),
            skill,
            version,
        })
    }

    async fn open(
        &self,
        account: &str,
        skill: &Skill,
        version: &Version,
    ) -> Result<Arc<Loaded>, ApiError> {
        let bytes = self.store.package_bytes(account, &version.id).await?;
        let bytes = bytes.ok_or_else(|| ApiError::not_found("skill"))?;
        let package = read(bytes).await?;
        let key_id = version.publisher_key_id.as_deref().unwrap_or_default();
        let key = self
            .store
            .publisher_key(&skill.account_id, key_id)
            .await?
            .filter(|key| is_good_for(key, version));
        let (package, verified) = verify(package, key.into_iter().collect()).await?;
        let code = self.load(&package, &verified).await?;
        Ok(Arc::new(Loaded {
            skill_id: skill.id.clone(),
            name: skill.name.clone(),
            publisher_key: key_id.to_owned(),
            manifest: package.manifest,
            code,
        }))
    }

    /// Compiles and links a verified package, and compares the tools it really has with those that were signed.
    pub(crate) async fn load(
        &self,
        package: &Package,
        verified: &Verified,
    ) -> Result<Option<Arc<skillgate_runtime::Skill>>, ApiError> {
        let code = match package.component() {
            Some(_) => Some(self.runtime.load(package).await?),
            None => None,
        };
        let tools = code.as_ref().map_or(&[][..], |code| code.tools());
        verified.check_tools(&tools.iter().map(Tool::digest).collect::<Vec<_>>())?;
        Ok(code)
    }
}

/// A skill that was fit to be installed and is not fit to run now is not the fault of the request that wants it.
fn unusable(skill: &Skill, error: ApiError) -> ApiError {
    if error.is_ours() {
        return error;
    }
    ApiError::conflict(format!(
        "The skill {} can't run: {} Remove it from the agent, or publish it again.",
        skill.name,
        error.message()
    ))
}

/// What was published before its key was revoked stays good; what came later never was.
fn is_good_for(key: &PublisherKey, version: &Version) -> bool {
    key.revoked_at
        .is_none_or(|revoked| version.created_at < revoked)
}

/// Opens a package. Inflating and hashing megabytes is not for the threads that answer requests.
pub(crate) async fn read(bytes: Vec<u8>) -> Result<Package, ApiError> {
    let package = tokio::task::spawn_blocking(move || Package::read(&bytes))
        .await
        .map_err(ApiError::internal)?;
    Ok(package?)
}

/// Verifies a package against these keys, whose revocation the caller has judged.
pub(crate) async fn verify(
    package: Package,
    keys: Vec<PublisherKey>,
) -> Result<(Package, Verified), ApiError> {
    let verified = tokio::task::spawn_blocking(move || {
        let trusted = |id: &skillgate_skill::KeyId| {
            let key = keys.iter().find(|key| key.key_id == id.as_str())?;
            VerifyingKey::from_bytes(key.public_key.as_slice().try_into().ok()?).ok()
        };
        let verified = package.verify(&trusted)?;
        Ok((package, verified))
    });
    verified.await.map_err(ApiError::internal)?
}
