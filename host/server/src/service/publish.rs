//! Publishing packages: received, verified, compiled, kept.

use serde_json::{Value, json};
use skillgate_runtime::CompilePlace;
use skillgate_skill::Package;
use skillgate_store::{NewVersion, Published, SkillKind, TrustLevel, VersionHead, VersionNumber};

use crate::package_work::{needed_to_store, needed_to_verify};
use crate::service::loaded_skills::open::{Opened, compile_place};
use crate::service::publisher_keys;
use crate::spool::Received;
use crate::{ApiError, App};

/// The most bytes of a package as it is sent: what it may unpack to, and a little for what does not shrink.
pub const LARGEST_PACKAGE: usize = (64 << 20) + (1 << 20);

/// What was accepted, and who says to have made it.
#[derive(Debug)]
pub struct Accepted {
    /// The skill and its version.
    pub published: Published,
    /// What the publisher calls itself in the signed statement.
    pub publisher: String,
}

/// Publishes a signed package that is in memory: opened, verified against the account's publisher keys, compiled, its
/// imports compared with what it asks for and its tools with what was signed, then kept.
///
/// # Errors
/// 400 saying what is wrong with the package; 403 `limit_reached`; 409 when the version is there with other contents; 503
/// when no place became free in time.
pub async fn publish_package(
    app: &App,
    account: &str,
    by: &str,
    bytes: Vec<u8>,
) -> Result<Accepted, ApiError> {
    publish_received(app, account, by, Received::in_memory(bytes), None).await
}

/// As [`publish_package`], of a package that was received. Publishing the same again changes nothing, unless the key that signed
/// it before was revoked: then this signature takes its place.
///
/// Places are waited for from the scarcest on, and with empty hands: somebody's hard component must not hold what
/// everybody else's needs. Where `name` is given, the package must be of the skill of this name.
pub(crate) async fn publish_received(
    app: &App,
    account: &str,
    by: &str,
    received: Received,
    name: Option<&str>,
) -> Result<Accepted, ApiError> {
    let contents = received.contents().await?;
    let place = match contents.has_component {
        true => Some(compile_place(app.runtime(), account).await?),
        false => None,
    };
    let needed = needed_to_verify(received.size(), contents.unpacked);
    let permit = app.package_work().begin(account, needed).await?;
    let bytes = received.read().await?;
    let keys = publisher_keys::active_keys(app, account).await?;
    let (mut permit, opened, bytes) = Opened::read(permit, bytes, keys).await?;
    check_name(name, &opened.package.manifest.name)?;
    if let Some(accepted) = published_before(app, account, &opened, &bytes).await? {
        return Ok(accepted);
    }
    check_quota(app, account, bytes.len()).await?;
    // Compiling may take minutes; meanwhile others need the memory, and the archive is still where it was received.
    drop(bytes);
    permit.shrink(contents.unpacked);
    let tools = tools_of(app, &opened, place).await?;
    let publisher = opened.verified.statement.publisher.clone();
    let mut new = version(opened, tools, by)?;
    drop(permit);
    let needed = needed_to_store(received.size());
    let _permit = app.package_work().begin(account, needed).await?;
    new.package = received.read().await?;
    let published = app.store().publish_version(account, new).await?;
    Ok(Accepted {
        published,
        publisher,
    })
}

/// What was published with the same contents before, if it was.
async fn published_before(
    app: &App,
    account: &str,
    opened: &Opened,
    bytes: &Vec<u8>,
) -> Result<Option<Accepted>, ApiError> {
    let name = opened.package.manifest.name.as_str();
    let version = Some(opened.verified.statement.version.as_str());
    let store = app.store();
    let Some((skill, head)) = store.get_version_head(account, name, version).await? else {
        return Ok(None);
    };
    if skill.account_id != account || head.digest != opened.digest {
        return Ok(None);
    }
    replace_revoked(app, account, opened, &head, bytes).await?;
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
    app: &App,
    account: &str,
    opened: &Opened,
    head: &VersionHead,
    bytes: &Vec<u8>,
) -> Result<(), ApiError> {
    let stored = head.publisher_key_id.as_deref().unwrap_or_default();
    let signers = &opened.verified.signers;
    let Some(signer) = signers.first().map(|key| key.as_str()) else {
        return Ok(());
    };
    let key = app.store().publisher_key(account, stored).await?;
    if signers.iter().any(|key| key.as_str() == stored)
        || key.is_some_and(|key| key.revoked_at.is_none())
    {
        return Ok(());
    }
    let store = app.store();
    if store
        .replace_signature(account, head, signer, bytes)
        .await?
    {
        app.loaded_skills().invalidate_version(&head.id).await;
    }
    Ok(())
}

/// 403 when the account has as many versions, or bytes of packages, as it may have.
pub(super) async fn check_quota(app: &App, account: &str, size: usize) -> Result<(), ApiError> {
    let used = app.store().package_usage(account).await?;
    let limits = &app.limits().accounts;
    if used.versions >= limits.versions {
        return Err(ApiError::limit_reached(&format!(
            "This account has published {} versions, the most it may have.",
            used.versions
        )));
    }
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    if used.bytes.saturating_add(size) > limits.package_bytes {
        return Err(ApiError::limit_reached(&format!(
            "This account's packages have {} bytes, with this one {}; {} are allowed.",
            used.bytes,
            used.bytes.saturating_add(size),
            limits.package_bytes
        )));
    }
    Ok(())
}

/// The tools that the package really has, compared with those that were signed.
async fn tools_of(
    app: &App,
    opened: &Opened,
    place: Option<CompilePlace>,
) -> Result<Value, ApiError> {
    let code = match (opened.package.component(), place) {
        (None, _) => {
            opened.check_without_code()?;
            None
        }
        (Some(_), Some(place)) => match opened.load_compiled(app.runtime()).await? {
            Some(code) => Some(code),
            None => Some(opened.load(app.runtime(), &place).await?),
        },
        (Some(_), None) => {
            return Err(ApiError::validation(
                "component.wasm: the archive's table of contents does not name it. Pack the skill anew with `skillgate build`.",
            ));
        }
    };
    let tools = code.as_ref().map_or(&[][..], |code| code.tools());
    serde_json::to_value(tools).map_err(ApiError::internal)
}

/// Checks that what was sent is of the skill that it is to replace.
pub(super) fn check_name(wanted: Option<&str>, found: &str) -> Result<(), ApiError> {
    match wanted {
        Some(wanted) if wanted != found => Err(ApiError::validation(format!(
            "name: this is the skill {found}, and it cannot replace {wanted}. Send it with POST, or rename it."
        ))),
        _ => Ok(()),
    }
}

/// The version as it will be stored, still without the bytes of its package.
fn version(opened: Opened, tools: Value, by: &str) -> Result<NewVersion, ApiError> {
    let Opened {
        package,
        verified,
        digest,
    } = opened;
    let version = verified.statement.version.clone();
    let mut new = new_version(package, version.into(), digest, tools, by)?;
    new.publisher_key_id = verified.signers.first().map(|key| key.as_str().to_owned());
    Ok(new)
}

/// A version that nobody signed, still without the bytes of its package.
pub(super) fn new_version(
    package: Package,
    version: VersionNumber,
    digest: String,
    tools: Value,
    by: &str,
) -> Result<NewVersion, ApiError> {
    let kind = if package.component().is_some() {
        SkillKind::Wasm
    } else {
        SkillKind::Prompt
    };
    let permissions =
        serde_json::to_value(&package.manifest.permissions).map_err(ApiError::internal)?;
    let manifest = package.manifest;
    Ok(NewVersion {
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
        permissions,
        publisher_key_id: None,
        // A marketplace's counter-signature would make it `verified`; there is no marketplace key yet.
        trust_level: TrustLevel::Community,
        published_by: by.to_owned(),
        name: manifest.name,
        description: manifest.description,
        author: manifest.author,
        category: manifest.category,
    })
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
