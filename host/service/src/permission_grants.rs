//! Permission grants: listed, narrowed, revoked.

use std::sync::Arc;

use serde_json::Value;
use skillgate_runtime::LogLevel;
use skillgate_skill::Permissions;
use skillgate_store::{
    Grant, GrantChange, GrantFilter, GrantMode, NamedGrant, Page, Store, Timestamp,
};

use crate::config::MAX_LISTED_ITEMS;
use crate::loaded_skills::LoadedSkills;
use crate::logs::{LogOwner, Logs};
use crate::places::WorkInProgress;
use crate::{Actor, AgentId, PermissionGrantId, ServiceError, SkillRef};

/// What skills may do for an account.
pub struct PermissionGrants {
    store: Store,
    loaded_skills: LoadedSkills,
    places: Arc<WorkInProgress>,
    logs: Logs,
}

/// Which grants to list, and how many.
#[derive(Debug)]
pub struct ListPermissionGrants {
    /// Those on this agent.
    pub agent: Option<AgentId>,
    /// Those of this skill.
    pub skill: Option<SkillRef>,
    /// How many at most: 1 to 100.
    pub limit: i64,
    /// How many are left out before them.
    pub offset: i64,
}

/// What of a grant is to change; what is absent stays.
#[derive(Debug, Default)]
pub struct ChangePermissionGrant {
    /// What is granted from now on: no more than until now.
    pub permissions: Option<Value>,
    /// Until when, as ISO 8601; `Some(None)` is for good.
    pub expires_at: Option<Option<String>>,
    /// `allow` or `ask`.
    pub mode: Option<String>,
}

impl PermissionGrants {
    pub(crate) fn new(
        store: Store,
        loaded_skills: LoadedSkills,
        places: Arc<WorkInProgress>,
        logs: Logs,
    ) -> Self {
        Self {
            store,
            loaded_skills,
            places,
            logs,
        }
    }

    /// Lists grants, newest first, those too that are not in effect any more.
    pub async fn list(
        &self,
        actor: &Actor,
        list: &ListPermissionGrants,
    ) -> Result<Page<NamedGrant>, ServiceError> {
        let _place = self.places.page_read(&actor.account).await?;
        let filter = GrantFilter {
            agent: list.agent.as_deref(),
            skill: list.skill.as_deref(),
        };
        let limit = list.limit.clamp(0, MAX_LISTED_ITEMS);
        let page = self
            .store
            .list_grants(&actor.account, filter, limit, list.offset);
        Ok(page.await?)
    }

    /// Narrows a grant, sets until when it holds, or whether its calls wait for a person. What it permits less ends calls
    /// under way; what it permits more than until now is refused, as only installing the skill can grant it.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for more permissions, a time that is past or an unknown mode; `Conflict` when it is not in effect
    /// any more, or was changed meanwhile.
    pub async fn change(
        &self,
        actor: &Actor,
        id: &PermissionGrantId,
        change: ChangePermissionGrant,
    ) -> Result<NamedGrant, ServiceError> {
        let grant = self.get(actor, id).await?.grant;
        self.check_in_effect(&grant)?;
        let change = self.checked(&grant, change)?;
        let changed = self.store.change_grant(&actor.account, id, &change).await?;
        if !changed {
            return Err(ServiceError::conflict(
                "The grant was changed or revoked meanwhile. Look at it and try again.",
            ));
        }
        match change.permissions == grant.permissions {
            true => self.loaded_skills.refresh_grant(id),
            false => self.loaded_skills.revoke_grant(id),
        }
        self.note(&grant, "changed");
        self.get(actor, id).await
    }

    /// Revokes a grant, from now on and for good: when this returns, no host call that it permitted begins any more.
    pub async fn revoke(&self, actor: &Actor, id: &PermissionGrantId) -> Result<(), ServiceError> {
        let grant = self.get(actor, id).await?.grant;
        self.store.revoke_grant(&actor.account, id).await?;
        self.loaded_skills.revoke_grant(id);
        self.note(&grant, "revoked");
        Ok(())
    }

    async fn get(&self, actor: &Actor, id: &PermissionGrantId) -> Result<NamedGrant, ServiceError> {
        let grant = self.store.get_grant(&actor.account, id).await?;
        grant.ok_or_else(|| ServiceError::not_found("permission_grant"))
    }

    fn check_in_effect(&self, grant: &Grant) -> Result<(), ServiceError> {
        let now = self.store.now();
        let ended = match (grant.revoked_at, grant.expires_at) {
            (Some(at), _) => format!("was revoked at {at}"),
            (None, Some(at)) if at <= now => format!("expired at {at}"),
            _ => return Ok(()),
        };
        Err(ServiceError::conflict(format!(
            "This grant {ended} and is not changed any more. Install the skill again to grant it something."
        )))
    }

    fn checked(
        &self,
        grant: &Grant,
        change: ChangePermissionGrant,
    ) -> Result<GrantChange, ServiceError> {
        let permissions = change
            .permissions
            .map(|wanted| narrowed(&grant.permissions, wanted))
            .transpose()?;
        let expires_at = match change.expires_at {
            Some(time) => time.map(|time| self.future(&time)).transpose()?,
            None => grant.expires_at,
        };
        let mode = change.mode.map(|mode| {
            let mode = mode.parse::<GrantMode>();
            mode.map_err(|_| ServiceError::invalid("mode: must be `allow` or `ask`."))
        });
        Ok(GrantChange {
            from: grant.permissions.clone(),
            permissions: permissions.unwrap_or_else(|| grant.permissions.clone()),
            mode: mode.transpose()?.unwrap_or(grant.mode),
            expires_at,
        })
    }

    fn future(&self, time: &str) -> Result<Timestamp, ServiceError> {
        let time = time
            .parse::<Timestamp>()
            .map_err(|error| ServiceError::invalid(format!("expiresAt: {error}.")))?;
        if time > self.store.now() {
            return Ok(time);
        }
        Err(ServiceError::invalid(
            "expiresAt: must be in the future. To end a grant at once, revoke it with DELETE.",
        ))
    }

    fn note(&self, grant: &Grant, what: &str) {
        if let Some(agent) = &grant.agent_id {
            let owner = LogOwner {
                account: grant.account_id.clone(),
                agent: agent.clone(),
            };
            let line = format!("Permission grant {} {what}", grant.id);
            self.logs.write(&owner, LogLevel::Info, &line);
        }
    }
}

/// Reads the permissions that are wanted, which must be inside what is granted.
fn narrowed(granted: &Permissions, wanted: Value) -> Result<Permissions, ServiceError> {
    let wanted: Permissions = serde_json::from_value(wanted)
        .map_err(|error| ServiceError::invalid(format!("permissions: {error}.")))?;
    if granted.covers(&wanted) {
        return Ok(wanted);
    }
    Err(ServiceError::invalid(format!(
        "permissions: a grant can only be narrowed, and this would add:\n{}",
        wanted.beyond(granted).to_yaml()
    )))
}
