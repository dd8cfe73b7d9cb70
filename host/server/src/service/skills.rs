//! An account's skills: published, listed, looked at.

use serde_json::{Value, json};
use skillgate_skill::{Package, Verified};
use skillgate_store::{NewVersion, Published, Skill, SkillKind, TrustLevel, Version};

use crate::service::{publisher_keys, shelf, text};
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

/// Publishes a signed package: opened, verified against the account's publisher keys, compiled, its imports compared with
/// what it asks for and its tools with what was signed, then kept. Publishing the same again changes nothing.
///
/// # Errors
/// 400 saying what is wrong with the package; 409 when the version is there with other contents.
pub async fn publish(
    app: &App,
    account: &str,
    by: &str,
    bytes: Vec<u8>,
) -> Result<Accepted, ApiError> {
    let package = shelf::read(bytes.clone()).await?;
    let (package, verified) =
        shelf::verify(package, publisher_keys::good(app, account).await?).await?;
    let code = app.shelf().load(&package, &verified).await?;
    let tools = code.as_ref().map_or(&[][..], |code| code.tools());
    let tools = serde_json::to_value(tools).map_err(ApiError::internal)?;
    let new = version(package, &verified, tools, by, bytes)?;
    let published = app.store().publish_version(account, new).await?;
    Ok(Accepted {
        published,
        publisher: verified.statement.publisher,
    })
}

/// The skills of an account that fit `search` (in name or description) and `category`, by name.
pub async fn list(
    app: &App,
    account: &str,
    search: &str,
    category: Option<&str>,
) -> Result<Vec<Skill>, ApiError> {
    let search = search.to_lowercase();
    let mut skills = app.store().list_skills(account).await?;
    skills.retain(|skill| {
        let found =
            skill.name.contains(&search) || skill.description.to_lowercase().contains(&search);
        found && category.is_none_or(|category| skill.category.as_deref() == Some(category))
    });
    Ok(skills)
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
    if let Some(found) = app.store().get_version(account, skill, version).await? {
        return Ok(found);
    }
    let exists = app.store().get_skill(account, skill).await?.is_some();
    Err(ApiError::not_found(if exists {
        "skill_version"
    } else {
        "skill"
    }))
}

fn version(
    package: Package,
    verified: &Verified,
    tools: Value,
    by: &str,
    bytes: Vec<u8>,
) -> Result<NewVersion, ApiError> {
    let digest = package.digest().to_string();
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
        tags: Vec::new(),
        version: verified.statement.version.clone(),
        digest,
        package: bytes,
        manifest: json!({
            "name": manifest.name,
            "description": manifest.description,
            "license": manifest.license,
            "compatibility": manifest.compatibility,
            "allowedTools": manifest.allowed_tools,
            "metadata": manifest.metadata,
            "body": manifest.body,
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
    use super::title;

    #[test]
    fn a_title_is_the_name_in_words() {
        assert_eq!(title("web-search"), "Web Search");
        assert_eq!(title("notes"), "Notes");
    }
}
