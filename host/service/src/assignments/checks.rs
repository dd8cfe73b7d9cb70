//! What must hold before a skill is put on an agent. All of it costs little: whoever repeats a request makes the server read no
//! package.

use serde_json::Value;
use skillgate_skill::Permissions;
use skillgate_store::{Assignment, Skill, TrustLevel, VersionHead};

use super::Assignments;
use crate::ServiceError;

/// Checks that whoever vouches for a version is at least whom the caller trusts.
pub(super) fn check_trust(
    wanted: TrustLevel,
    skill: &Skill,
    version: &VersionHead,
) -> Result<(), ServiceError> {
    if wanted != TrustLevel::Verified || version.trust_level == TrustLevel::Verified {
        return Ok(());
    }
    Err(ServiceError::conflict(format!(
        "Version {} of {} is not verified: only its publisher vouches for it. To install it all the same, ask for the \
         trust level `clawhub`.",
        version.version, skill.name
    )))
}

/// Checks that the agent may have one more skill. Another version of a skill takes the place of the one that is there. The store
/// counts once more, for those who install at the same moment.
pub(super) fn check_count(
    there: &[Assignment],
    skill: &Skill,
    max_skills: i64,
) -> Result<(), ServiceError> {
    let is_new = there.iter().all(|one| one.skill_id != skill.id);
    let count = there.len();
    if is_new && i64::try_from(count).is_ok_and(|count| count >= max_skills) {
        return Err(ServiceError::limit_reached(format!(
            "This agent has {count} skills; the plan allows {max_skills}. Remove one first."
        )));
    }
    Ok(())
}

impl Assignments {
    /// Checks that the version is not on the agent yet, and that there is room on it for the tools of one more skill.
    pub(super) async fn check_room(
        &self,
        there: &[Assignment],
        account: &str,
        agent: &str,
        skill: &Skill,
        version: &VersionHead,
    ) -> Result<(), ServiceError> {
        if there.iter().any(|one| one.version_id == version.id) {
            return Err(already_assigned());
        }
        // The names that the model sees begin with the skill's: equal ones would be of equal tools.
        let is_namesake =
            |one: &Assignment| one.skill_name == skill.name && one.skill_id != skill.id;
        if there.iter().any(is_namesake) {
            return Err(ServiceError::conflict(format!(
                "Another skill called {} is on this agent, and their tools would have the same names. Remove it first.",
                skill.name
            )));
        }
        let beside = self
            .store
            .tool_bytes_beside(account, agent, &skill.id)
            .await?;
        let most = self.max_tool_bytes;
        let all = beside.saturating_add(version.tool_bytes);
        if usize::try_from(all).is_ok_and(|all| all <= most) {
            return Ok(());
        }
        Err(ServiceError::limit_reached(format!(
            "The tools of this skill have {} bytes of texts and schemas, those of the agent's other skills {beside}; all together may have {most}. Remove a skill, or install one with fewer tools.",
            version.tool_bytes
        )))
    }

    /// Checks that the key that signed the version is still good: a revoked key's packages are not installed any more. That
    /// the signature holds is known of what is ready, or found out when it is made so. Instructions that nobody signed are for
    /// the account that wrote them.
    pub(super) async fn check_publisher(
        &self,
        account: &str,
        owner: &str,
        version: &VersionHead,
    ) -> Result<(), ServiceError> {
        let Some(key) = version.publisher_key_id.as_deref() else {
            return match owner == account {
                true => Ok(()),
                false => Err(ServiceError::not_found("skill")),
            };
        };
        let known = self.store.publisher_key(owner, key).await?;
        match known.filter(|key| key.revoked_at.is_none()) {
            Some(_) => Ok(()),
            None => Err(ServiceError::invalid(format!(
                "Version {} is signed by the publisher key {key}, which is not valid any more. Publish it again, signed by another key.",
                version.version
            ))),
        }
    }
}

/// Reads the permissions that a caller names, which must be inside what is asked for.
pub(super) fn named_permissions(
    asked: &Permissions,
    named: Value,
) -> Result<Permissions, ServiceError> {
    let named: Permissions = serde_json::from_value(named)
        .map_err(|error| ServiceError::invalid(format!("permissions: {error}.")))?;
    if asked.covers(&named) {
        return Ok(named);
    }
    Err(ServiceError::invalid(format!(
        "permissions: grants more than the skill asks for, which is:\n{}",
        asked.to_yaml()
    )))
}

/// The text is that of the specification of `/api/skills`.
pub(super) fn already_assigned() -> ServiceError {
    ServiceError::conflict("Skill already assigned to this agent")
}
