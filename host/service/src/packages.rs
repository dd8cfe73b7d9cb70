//! Publishing packages: received, verified, compiled, kept.

mod instructions;
mod spool;

pub use instructions::MAX_SKILL_MD;
pub use spool::{Received, Spool};

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use skillgate_runtime::{CompilePlace, Runtime};
use skillgate_skill::Package;
use skillgate_store::{
    NewVersion, PackageLimits, Published, SkillKind, Store, TrustLevel, VersionHead, VersionNumber,
};

use self::spool::Spools;
use crate::config::{AccountLimits, ServiceLimits};
use crate::loaded_skills::open::{Opened, compile_place};
use crate::loaded_skills::{Code, LoadedSkills, PackageTexts};
use crate::package_work::{PackageWork, needed_to_store, needed_to_verify};
use crate::{Actor, PublisherKeys, ServiceError};

/// The most bytes of a package as it is sent: what it may unpack to, and a little for what does not shrink.
pub const MAX_PACKAGE_BYTES: usize = (64 << 20) + (1 << 20);

/// What was accepted, and who says to have made it.
#[derive(Debug)]
pub struct Accepted {
    /// The skill and its version.
    pub published: Published,
    /// What the publisher calls itself in the signed statement.
    pub publisher: String,
}

/// Packages that are published.
pub struct Packages {
    store: Store,
    runtime: Runtime,
    loaded_skills: LoadedSkills,
    publisher_keys: PublisherKeys,
    work: Arc<PackageWork>,
    spools: Spools,
    limits: AccountLimits,
    receive_timeout: Duration,
}

impl Packages {
    pub(crate) fn new(
        store: Store,
        runtime: Runtime,
        loaded_skills: LoadedSkills,
        publisher_keys: PublisherKeys,
        work: Arc<PackageWork>,
        limits: &ServiceLimits,
    ) -> Self {
        Self {
            store,
            runtime,
            loaded_skills,
            publisher_keys,
            work,
            spools: Spools::new(&limits.packages),
            limits: limits.accounts,
            receive_timeout: limits.packages.receive,
        }
    }

    /// How long a sender may take for one package.
    pub fn receive_timeout(&self) -> Duration {
        self.receive_timeout
    }

    /// Begins to receive a package, empty yet. It keeps its place until it was worked on: it may have a file open so long.
    ///
    /// # Errors
    /// Unavailable when there are too many packages here.
    pub async fn begin_upload(&self, actor: &Actor) -> Result<Spool, ServiceError> {
        self.spools.begin(&actor.account).await
    }

    /// Publishes a signed package that is in memory: opened, verified against the account's publisher keys, compiled, its
    /// imports compared with what it asks for and its tools with what was signed, then kept.
    ///
    /// # Errors
    /// `Invalid` saying what is wrong with the package; `LimitReached`; `Conflict` when the version is there with other contents; `Unavailable`
    /// when no place became free in time.
    pub async fn publish_package(
        &self,
        actor: &Actor,
        bytes: Vec<u8>,
    ) -> Result<Accepted, ServiceError> {
        self.publish_received(actor, Received::in_memory(bytes), None)
            .await
    }

    /// As [`Packages::publish_package`], of a package that was received. Publishing the same again changes nothing, unless the key that signed
    /// it before was revoked: then this signature takes its place.
    ///
    /// Places are waited for from the scarcest on, and with empty hands: somebody's hard component must not hold what
    /// everybody else's needs. Where `name` is given, the package must be of the skill of this name.
    pub async fn publish_received(
        &self,
        actor: &Actor,
        received: Received,
        name: Option<&str>,
    ) -> Result<Accepted, ServiceError> {
        let account = &*actor.account;
        let contents = received.contents().await?;
        let place = match contents.has_component {
            true => Some(compile_place(&self.runtime, account).await?),
            false => None,
        };
        let needed = needed_to_verify(received.size(), contents.unpacked);
        let permit = self.work.begin(account, needed).await?;
        let bytes = received.read().await?;
        let keys = self.publisher_keys.active_keys(actor).await?;
        let (mut permit, opened, bytes) = Opened::read(permit, bytes, keys).await?;
        check_name(name, &opened.package.manifest.name)?;
        if let Some(accepted) = self.published_before(account, &opened, bytes).await? {
            return Ok(accepted);
        }
        // Asked for early, as compiling may take minutes; it is decided when the version is stored.
        let size = i64::try_from(received.size()).unwrap_or(i64::MAX);
        let quota = self.quota();
        self.store.check_package_quota(account, size, quota).await?;
        // Compiling may take minutes; meanwhile others need the memory, and the archive is still where it was received.
        permit.shrink(contents.unpacked);
        let code = self.load(&opened, place).await?;
        let publisher = opened.verified.statement.publisher.clone();
        let texts = PackageTexts::from(&opened.package);
        let mut new = version(opened, code.as_ref(), &actor.key)?;
        new.most = quota;
        drop(permit);
        let needed = needed_to_store(received.size());
        let _permit = self.work.begin(account, needed).await?;
        let bytes = received.read().await?;
        drop(received);
        new.package = bytes.into();
        let published = self.store.publish_version(account, new).await?;
        // What somebody else published at the same time may be signed by another key than the one verified here.
        if published.is_new {
            let id = &published.version.id;
            if let Some(source) = self.store.version_source(account, id).await? {
                self.loaded_skills.keep(source, texts, code).await?;
            }
        }
        Ok(Accepted {
            published,
            publisher,
        })
    }

    /// What was published with the same contents before, if it was.
    async fn published_before(
        &self,
        account: &str,
        opened: &Opened,
        bytes: Bytes,
    ) -> Result<Option<Accepted>, ServiceError> {
        let name = opened.package.manifest.name.as_str();
        let version = Some(opened.verified.statement.version.as_str());
        let store = &self.store;
        let Some((skill, head)) = store.get_version_head(account, name, version).await? else {
            return Ok(None);
        };
        if skill.account_id != account || head.digest != opened.digest {
            return Ok(None);
        }
        self.replace_revoked(account, opened, &head, bytes).await?;
        let there = store.get_version(account, &skill.id, version).await?;
        Ok(there.map(|(skill, version)| Accepted {
            published: Published {
                skill,
                version,
                is_new: false,
            },
            publisher: opened.verified.statement.publisher.clone(),
        }))
    }

    /// Puts this signature in the place of the stored one, where that one's key was revoked.
    async fn replace_revoked(
        &self,
        account: &str,
        opened: &Opened,
        head: &VersionHead,
        bytes: Bytes,
    ) -> Result<(), ServiceError> {
        let stored = head.publisher_key_id.as_deref().unwrap_or_default();
        let signers = &opened.verified.signers;
        let Some(signer) = signers.first().map(|key| key.as_str()) else {
            return Ok(());
        };
        let key = self.store.publisher_key(account, stored).await?;
        if signers.iter().any(|key| key.as_str() == stored)
            || key.is_some_and(|key| key.revoked_at.is_none())
        {
            return Ok(());
        }
        let store = &self.store;
        if store
            .replace_signature(account, head, signer, &bytes.into())
            .await?
        {
            self.loaded_skills.invalidate_version(&head.id).await;
        }
        Ok(())
    }

    /// What the account may publish, as the store checks it.
    fn quota(&self) -> PackageLimits {
        PackageLimits {
            versions: self.limits.versions,
            bytes: self.limits.package_bytes,
        }
    }

    /// Loads the package's code, whose tools are compared with those that were signed; `None` for instructions alone.
    async fn load(
        &self,
        opened: &Opened,
        place: Option<CompilePlace>,
    ) -> Result<Option<Code>, ServiceError> {
        match (opened.package.component(), place) {
            (None, _) => {
                opened.check_without_code()?;
                Ok(None)
            }
            (Some(_), Some(place)) => match opened.load_compiled(&self.runtime).await? {
                Some(code) => Ok(Some(code)),
                None => Ok(Some(opened.load(&self.runtime, &place).await?)),
            },
            (Some(_), None) => Err(ServiceError::invalid(
                "component.wasm: the archive's table of contents does not name it. Pack the skill anew with `skillgate build`.",
            )),
        }
    }
}

/// Checks that what was sent is of the skill that it is to replace.
fn check_name(wanted: Option<&str>, found: &str) -> Result<(), ServiceError> {
    match wanted {
        Some(wanted) if wanted != found => Err(ServiceError::invalid(format!(
            "name: this is the skill {found}, and it cannot replace {wanted}. Send it with POST, or rename it."
        ))),
        _ => Ok(()),
    }
}

/// The version as it will be stored, still without the bytes of its package.
fn version(opened: Opened, code: Option<&Code>, by: &str) -> Result<NewVersion, ServiceError> {
    let tools = code.map_or(&[][..], |code| code.tools());
    let tools = serde_json::to_value(tools).map_err(ServiceError::internal)?;
    let Opened {
        package,
        verified,
        digest,
    } = opened;
    let version = verified.statement.version.clone();
    let mut new = new_version(package, version.into(), digest, tools, by);
    new.publisher_key_id = verified.signers.first().map(|key| key.as_str().to_owned());
    Ok(new)
}

/// A version that nobody signed, still without the bytes of its package.
fn new_version(
    package: Package,
    version: VersionNumber,
    digest: String,
    tools: Value,
    by: &str,
) -> NewVersion {
    let kind = if package.component().is_some() {
        SkillKind::Wasm
    } else {
        SkillKind::Prompt
    };
    let manifest = package.manifest;
    NewVersion {
        title: title(&manifest.name),
        kind,
        tags: manifest.tags,
        version,
        digest,
        package: Vec::new(),
        manifest: json!({
            "name": manifest.name,
            "description": manifest.description,
            "license": manifest.license,
            "compatibility": manifest.compatibility,
            "allowedTools": manifest.allowed_tools,
            "metadata": manifest.metadata,
            "body": manifest.body,
            "useCases": manifest.use_cases,
        }),
        tools,
        permissions: manifest.permissions,
        publisher_key_id: None,
        // A marketplace's counter-signature would make it `verified`; there is no marketplace key yet.
        trust_level: TrustLevel::Community,
        published_by: by.to_owned(),
        most: PackageLimits::default(),
        name: manifest.name,
        description: manifest.description,
        author: manifest.author,
        category: manifest.category,
    }
}

/// A name for people: `web-search` is `Web Search`.
fn title(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_uppercase().chain(letters).collect()
        })
    });
    words.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn a_title_is_the_name_in_words() {
        assert_eq!(title("web-search"), "Web Search");
        assert_eq!(title("notes"), "Notes");
    }
}
