//! Agents: SOUL.md, with its earlier versions, and IDENTITY.md.

use skillgate_store::{
    PersonalityChange, PersonalityHead, PersonalityOutcome, PersonalityVersion, PersonalityWritten,
    Timestamp,
};

use super::{Agents, missing};
use crate::config::{MAX_MARKDOWN_BYTES, MAX_PERSONALITY_VERSIONS};
use crate::{Actor, AgentId, PersonalityVersionNumber, ServiceError, validate};

/// Who an agent is.
#[derive(Debug)]
pub struct Personality {
    /// SOUL.md.
    pub soul_md: String,
    /// SHA-256 of SOUL.md, 64 hexadecimal digits.
    pub soul_md_sha256: String,
    /// When SOUL.md was last changed.
    pub soul_md_updated_at: Timestamp,
    /// IDENTITY.md.
    pub identity_md: String,
}

/// A new SOUL.md.
#[derive(Debug)]
pub struct SetPersonality {
    /// At most 256 KiB.
    pub soul_md: String,
    /// SHA-256 in hexadecimal of the text that this is to replace; any text when absent.
    pub expected_hash: Option<String>,
}

impl Agents {
    /// Reads SOUL.md and IDENTITY.md of an agent.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent.
    pub async fn personality(
        &self,
        actor: &Actor,
        id: &AgentId,
    ) -> Result<Personality, ServiceError> {
        let agent = self.get(actor, id).await?;
        Ok(Personality {
            soul_md: agent.soul_md.clone(),
            soul_md_sha256: agent.soul_md_sha256.clone(),
            soul_md_updated_at: agent.soul_md_updated_at,
            identity_md: identity_md(&agent.name),
        })
    }

    /// Replaces SOUL.md of an agent; what it was before is kept as a version. Marks an agent that runs for a restart.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a text that is too long, `Conflict` when SOUL.md is another than expected.
    pub async fn set_personality(
        &self,
        actor: &Actor,
        id: &AgentId,
        set: &SetPersonality,
    ) -> Result<PersonalityWritten, ServiceError> {
        validate::at_most("soulMd", &set.soul_md, MAX_MARKDOWN_BYTES)?;
        let agent = self.get(actor, id).await?;
        let change = PersonalityChange {
            soul_md: &set.soul_md,
            expected_sha256: set.expected_hash.as_deref(),
            keep: MAX_PERSONALITY_VERSIONS,
        };
        let outcome = self
            .store
            .set_personality(&actor.account, id, change)
            .await?;
        match outcome.ok_or_else(missing)? {
            PersonalityOutcome::Written(written) => {
                self.note(&agent, "SOUL.md changed");
                Ok(written)
            }
            PersonalityOutcome::Mismatch { sha256 } => Err(ServiceError::conflict(format!(
                "expectedHash: SOUL.md was changed meanwhile; its SHA-256 is {sha256}. Read it again, and repeat the change \
                 on what it is now."
            ))),
        }
    }

    /// Lists the earlier versions of an agent's SOUL.md, newest first.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent.
    pub async fn personality_versions(
        &self,
        actor: &Actor,
        id: &AgentId,
    ) -> Result<Vec<PersonalityHead>, ServiceError> {
        self.get(actor, id).await?;
        let versions = self.store.personality_versions(&actor.account, id).await?;
        Ok(versions)
    }

    /// Reads an earlier version of an agent's SOUL.md.
    ///
    /// # Errors
    /// `NotFound` when the account has no such agent, or the agent no such version any more.
    pub async fn personality_version(
        &self,
        actor: &Actor,
        id: &AgentId,
        number: PersonalityVersionNumber,
    ) -> Result<PersonalityVersion, ServiceError> {
        self.get(actor, id).await?;
        let version = self
            .store
            .personality_version(&actor.account, id, number.0)
            .await?;
        version.ok_or_else(|| ServiceError::not_found("personality_version"))
    }
}

/// IDENTITY.md of an agent: who it is, by its name. It is not stored, so that it follows the name.
pub(crate) fn identity_md(name: &str) -> String {
    // One line, whatever the name holds: the name is no Markdown.
    let name: Vec<&str> = name.split_whitespace().collect();
    format!("# IDENTITY.md\n\n- **Name:** {}", name.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_is_the_name_in_one_line() {
        let identity = "# IDENTITY.md\n\n- **Name:** My Assistant";
        for name in ["My Assistant", "My\n\n Assistant"] {
            assert_eq!(identity_md(name), identity);
        }
    }
}
