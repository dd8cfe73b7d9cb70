//! An account's skills: published, listed, looked at.

use serde_json::{Value, json};
use skillgate_runtime::CompilePlace;
use skillgate_store::{NewVersion, Published, Skill, SkillKind, TrustLevel, Version, VersionHead};

use crate::package_work::{needed_to_store, needed_to_verify};
use crate::service::shelf::open::{Opened, compile_place};
use crate::service::{publisher_keys, text};
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
pub async fn publish(
    app: &App,
    account: &str,
    by: &str,
    bytes: Vec<u8>,
) -> Result<Accepted, ApiError> {
    publish_received(app, account, by, Received::in_memory(bytes)).await
}

/// As [`publish`], of a package that was received. Publishing the same again changes nothing, unless the key that signed
/// it before was revoked: then this signature takes its place.
///
/// Places are waited for from the scarcest on, and with empty hands: somebody's hard component must not hold what
/// everybody else's needs.
pub(crate) async fn publish_received(
    app: &App,
    account: &str,
    by: &str,
    received: Received,
) -> Result<Accepted, ApiError> {
    let contents = received.contents().await?;
    let place = match contents.has_component {
        true => Some(compile_place(app.runtime(), account).await?),
        false => None,
    };
    let needed = needed_to_verify(received.size(), contents.unpacked);
    let mut permit = app.package_work().begin(account, needed).await?;
    let bytes = received.read().await?;
    let keys = publisher_keys::good(app, account).await?;
    let (opened, bytes) = Opened::read(bytes, keys).await?;
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
        app.shelf().forget_version(&head.id).await;
    }
    Ok(())
}

/// 403 when the account has as many versions, or bytes of packages, as it may have.
async fn check_quota(app: &App, account: &str, size: usize) -> Result<(), ApiError> {
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

/// The skills of an account that fit `search` (in name, title or description) and `category`. Those whose name or title
/// fits come before those whose description does, each by title.
pub async fn list(
    app: &App,
    account: &str,
    search: &str,
    category: Option<&str>,
) -> Result<Vec<Skill>, ApiError> {
    let search = search.trim().to_lowercase();
    let skills = app.store().list_skills(account).await?;
    let in_category =
        |skill: &Skill| category.is_none_or(|category| skill.category.as_deref() == Some(category));
    let mut found: Vec<(Rank, String, Skill)> = skills
        .into_iter()
        .filter(in_category)
        .filter_map(|skill| {
            let title = skill.title.to_lowercase();
            Some((Rank::of(&skill, &title, &search)?, title, skill))
        })
        .collect();
    found.sort_by(|(rank, title, _), (other_rank, other_title, _)| {
        (rank, title).cmp(&(other_rank, other_title))
    });
    Ok(found.into_iter().map(|(_, _, skill)| skill).collect())
}

/// How well a skill fits what was searched for, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Its name or title is it.
    Same,
    /// It stands in its name or title.
    InTitle,
    /// It stands in its description.
    InDescription,
}

impl Rank {
    /// `None` when the skill does not fit. `title` and `search` are in lower case; everything fits a search for nothing,
    /// equally well.
    fn of(skill: &Skill, title: &str, search: &str) -> Option<Self> {
        if search == skill.name || search == title {
            Some(Self::Same)
        } else if skill.name.contains(search) || title.contains(search) {
            Some(Self::InTitle)
        } else {
            let fits = skill.description.to_lowercase().contains(search);
            fits.then_some(Self::InDescription)
        }
    }
}

/// A skill by name or UUID, in its latest version.
pub async fn get(app: &App, account: &str, skill: &str) -> Result<(Skill, Version), ApiError> {
    version_of(app, account, skill, None).await
}

/// A version of a skill by name or UUID; the latest when none is named. 404 when the account sees no such thing.
pub async fn version_of(
    app: &App,
    account: &str,
    skill: &str,
    version: Option<&str>,
) -> Result<(Skill, Version), ApiError> {
    if !text::is_id(skill) {
        return Err(ApiError::not_found("skill"));
    }
    match app.store().get_version(account, skill, version).await? {
        Some(found) => Ok(found),
        None => Err(missing(app, account, skill).await?),
    }
}

/// As [`version_of`], without what may be large.
pub(crate) async fn head_of(
    app: &App,
    account: &str,
    skill: &str,
    version: Option<&str>,
) -> Result<(Skill, VersionHead), ApiError> {
    if !text::is_id(skill) {
        return Err(ApiError::not_found("skill"));
    }
    let found = app
        .store()
        .get_version_head(account, skill, version)
        .await?;
    match found {
        Some(found) => Ok(found),
        None => Err(missing(app, account, skill).await?),
    }
}

/// Which of the two there is not: the skill, or only this version of it.
async fn missing(app: &App, account: &str, skill: &str) -> Result<ApiError, ApiError> {
    let exists = app.store().get_skill(account, skill).await?.is_some();
    Ok(ApiError::not_found(if exists {
        "skill_version"
    } else {
        "skill"
    }))
}

/// The version as it will be stored, still without the bytes of its package.
fn version(opened: Opened, tools: Value, by: &str) -> Result<NewVersion, ApiError> {
    let Opened {
        package,
        verified,
        digest,
    } = opened;
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
        version: verified.statement.version.clone(),
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
        publisher_key_id: verified.signers.first().map(|key| key.as_str().to_owned()),
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
    use skillgate_store::{Access, Timestamp};

    use super::*;

    fn skill(name: &str, description: &str) -> Skill {
        Skill {
            id: String::new(),
            account_id: String::new(),
            name: name.to_owned(),
            title: title(name),
            description: description.to_owned(),
            kind: SkillKind::Wasm,
            status: "active".to_owned(),
            access: Access::Private,
            author: None,
            category: None,
            tags: Vec::new(),
            latest_version: String::new(),
            install_count: 0,
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_title_is_searched_too_and_ranks_above_a_description() {
        let all = [
            skill("notes", "Keeps what a web search found."),
            skill("web-search", "Finds things."),
            skill("web-search-pro", "Finds more."),
            skill("calculator", "Adds."),
        ];
        let ranks = |search: &str| {
            let rank = |one: &Skill| Rank::of(one, &one.title.to_lowercase(), search);
            all.iter().map(rank).collect::<Vec<_>>()
        };
        use Rank::{InDescription, InTitle, Same};
        let expected = [Some(InDescription), Some(Same), Some(InTitle), None];
        assert_eq!(ranks("web search"), expected);
        assert_eq!(ranks("web-search")[1..], [Some(Same), Some(InTitle), None]);
        assert!(ranks("").iter().all(|rank| *rank == Some(InTitle)));
    }

    #[test]
    fn a_title_is_the_name_in_words() {
        assert_eq!(title("web-search"), "Web Search");
        assert_eq!(title("notes"), "Notes");
    }
}
