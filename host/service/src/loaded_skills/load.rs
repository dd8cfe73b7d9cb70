//! Making a version ready: once at a time, whoever wants it.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use skillgate_skill::{Manifest, Package};
use skillgate_store::{PublisherKey, VersionSource};
use tokio::task::spawn_blocking;

use super::open::{Opened, compile_place};
use super::{Code, Inner, LoadedSkill, REFERENCES, SCRIPTS};
use crate::ServiceError;
use crate::package_work::{PackagePermit, needed_to_open, needed_to_verify};

/// How much more a schema takes compiled than as text.
const COMPILED_SCHEMA: u64 = 16;

/// What is kept of a package beside its code.
pub(crate) struct PackageTexts {
    manifest: Manifest,
    references: Vec<String>,
    scripts: Vec<String>,
}

impl From<&Package> for PackageTexts {
    fn from(package: &Package) -> Self {
        let below = |folder: &str| {
            let names = package
                .files
                .keys()
                .filter_map(|path| path.strip_prefix(folder));
            names.map(str::to_owned).collect()
        };
        Self {
            references: below(REFERENCES),
            scripts: below(SCRIPTS),
            manifest: package.manifest.clone(),
        }
    }
}

/// A version that was made ready just now.
#[derive(Clone)]
pub(super) struct Ready {
    /// What it says of itself.
    pub loaded: Arc<LoadedSkill>,
    /// Its code, kept by whoever waited for it even if there was no room for it.
    pub code: Option<Code>,
}

/// A version being made ready, for all who wait for it.
pub(super) type Load = Shared<BoxFuture<'static, Result<Ready, ServiceError>>>;

impl Inner {
    /// Makes a version ready in a task of its own: it ends, and gives its places up, even if nobody waits any more; and
    /// a panic in it is an error here.
    pub(super) fn load(self: &Arc<Self>, source: &Arc<VersionSource>) -> Load {
        let mut loads = self.lock_loads();
        let load = loads.entry(source.version_id.clone()).or_insert_with(|| {
            let (skills, source) = (self.clone(), source.clone());
            // The task begins when this is first waited for, which is after the list was unlocked.
            let load = async move {
                let entry = LoadEntry(skills, source.version_id.clone());
                let task = tokio::spawn(async move { entry.0.open(&source).await });
                task.await
                    .unwrap_or_else(|lost| Err(ServiceError::internal(lost)))
            };
            load.boxed().shared()
        });
        load.clone()
    }

    async fn open(self: &Arc<Self>, source: &Arc<VersionSource>) -> Result<Ready, ServiceError> {
        let (texts, code) = self.open_with_code(source).await?;
        self.keep(source, texts, code).await
    }

    /// Keeps a version that was verified and loaded.
    pub(super) async fn keep(
        self: &Arc<Self>,
        source: &Arc<VersionSource>,
        texts: PackageTexts,
        code: Option<Code>,
    ) -> Result<Ready, ServiceError> {
        let tools = code.as_ref().map_or(&[][..], |code| code.tools()).to_vec();
        let tool_bytes = serde_json::to_vec(&tools)
            .map_err(ServiceError::internal)?
            .len() as u64;
        let loaded = Arc::new(LoadedSkill {
            skill_id: source.skill_id.clone(),
            name: source.skill_name.clone(),
            version: source.version.clone(),
            publisher_key: source.publisher_key_id.clone().unwrap_or_default(),
            manifest: texts.manifest,
            references: texts.references,
            scripts: texts.scripts,
            tools,
            tool_bytes,
            has_code: code.is_some(),
            source: source.clone(),
            skills: Arc::downgrade(self),
        });
        let id = &source.version_id;
        if let Some(code) = &code {
            let weight = code.weight() + COMPILED_SCHEMA * tool_bytes;
            self.codes.insert(id, &source.owner, weight, code.clone());
        }
        self.versions.insert(id.clone(), loaded.clone()).await;
        Ok(Ready { loaded, code })
    }

    /// Opens a stored package and loads its code. Whoever waits for a place to compile in holds no memory meanwhile.
    async fn open_with_code(
        &self,
        source: &VersionSource,
    ) -> Result<(PackageTexts, Option<Code>), ServiceError> {
        if !self.codes.admits(&source.owner) {
            return Err(ServiceError::unavailable(
                "The calls under way use as much code as there is room for. Try again when some of them have ended.",
            ));
        }
        if source.publisher_key_id.is_none() {
            let (_permit, package) = self.read_unsigned(source, &source.owner).await?;
            return Ok(((&package).into(), None));
        }
        {
            let (_permit, opened) = self.read(source, &source.owner).await?;
            if opened.package.component().is_none() {
                opened.check_without_code()?;
                return Ok(((&opened.package).into(), None));
            }
            if let Some(code) = opened.load_compiled(&self.runtime).await? {
                return Ok(((&opened.package).into(), Some(code)));
            }
        }
        let place = compile_place(&self.runtime, &source.owner).await?;
        let (_permit, opened) = self.read(source, &source.owner).await?;
        let code = opened.load(&self.runtime, &place).await?;
        Ok(((&opened.package).into(), Some(code)))
    }

    /// The content of one file of a stored package, opened in the places of `account`: those of its publisher are not for others
    /// to fill.
    pub(super) async fn file(
        &self,
        source: &VersionSource,
        account: &str,
        path: &str,
    ) -> Result<Option<Vec<u8>>, ServiceError> {
        if source.publisher_key_id.is_none() {
            let (_permit, mut package) = self.read_unsigned(source, account).await?;
            return Ok(package.files.remove(path));
        }
        let (_permit, mut opened) = self.read(source, account).await?;
        Ok(opened.package.files.remove(path))
    }

    /// Opens instructions that nobody signed. What holds code is refused, however it came to be there.
    async fn read_unsigned(
        &self,
        source: &VersionSource,
        account: &str,
    ) -> Result<(PackagePermit, Package), ServiceError> {
        let (permit, bytes) = self.read_bytes(source, account).await?;
        // The permit goes along: whoever waited may be gone before this ends.
        let open = move || (permit, Package::read_lenient(&bytes));
        let (permit, package) = spawn_blocking(open).await.map_err(ServiceError::internal)?;
        let package = package?;
        if package.component().is_some() {
            return Err(ServiceError::invalid(
                "The package holds code and is not signed: it is not run.",
            ));
        }
        Ok((permit, package))
    }

    async fn read(
        &self,
        source: &VersionSource,
        account: &str,
    ) -> Result<(PackagePermit, Opened), ServiceError> {
        let (permit, bytes) = self.read_bytes(source, account).await?;
        let signer = source.publisher_key_id.as_deref().unwrap_or_default();
        let key = self
            .store
            .publisher_key(&source.owner, signer)
            .await?
            .filter(|key| is_good_for(key, source));
        let (permit, opened, _) =
            Opened::read(permit, bytes.into(), key.into_iter().collect()).await?;
        Ok((permit, opened))
    }

    /// The archive, and the right to the memory that opening it takes. How much that is, its table of contents says: what needs
    /// more than reading it did is waited for anew, with empty hands.
    async fn read_bytes(
        &self,
        source: &VersionSource,
        account: &str,
    ) -> Result<(PackagePermit, Vec<u8>), ServiceError> {
        let to_read = needed_to_open(source.size.unsigned_abs());
        let permit = self.packages.begin(account, to_read).await?;
        let bytes = self.stored_bytes(source).await?;
        let contents = Package::contents_of(Cursor::new(&bytes))?;
        let to_unpack = needed_to_verify(source.size.unsigned_abs(), contents.unpacked);
        if to_unpack <= to_read {
            return Ok((permit, bytes));
        }
        drop((permit, bytes));
        let permit = self.packages.begin(account, to_unpack.max(to_read)).await?;
        Ok((permit, self.stored_bytes(source).await?))
    }

    async fn stored_bytes(&self, source: &VersionSource) -> Result<Vec<u8>, ServiceError> {
        let id = &source.version_id;
        let bytes = self.store.package_bytes(&source.owner, id).await?;
        bytes.ok_or_else(|| ServiceError::not_found("skill"))
    }

    fn lock_loads(&self) -> MutexGuard<'_, HashMap<String, Load>> {
        self.loads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A version in the list of those that are being made ready; taken out when dropped, by a panic too.
struct LoadEntry(Arc<Inner>, String);

impl Drop for LoadEntry {
    fn drop(&mut self) {
        self.0.lock_loads().remove(&self.1);
    }
}

/// What was published before its key was revoked stays good; what came later never was.
fn is_good_for(key: &PublisherKey, source: &VersionSource) -> bool {
    key.revoked_at
        .is_none_or(|revoked| source.created_at < revoked)
}
