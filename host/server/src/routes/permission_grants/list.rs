//! `GET /v1/permission-grants`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillgate_service::ListPermissionGrants;
use skillgate_skill::Permissions;
use skillgate_store::{GrantMode, NamedGrant, Timestamp};

use crate::envelope::List;
use crate::extract::{Caller, PageRange, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListPermissionGrantsQuery {
    agent_id: Option<String>,
    /// The skill's name or UUID.
    skill_id: Option<String>,
    limit: Option<i64>,
    offset: Option<i64>,
}

/// What a skill may do, or might until it was revoked or expired.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionGrantView {
    id: String,
    /// `null` is every agent of the account.
    agent_id: Option<String>,
    /// The skill's name.
    skill_id: String,
    /// As a manifest has them; at most what the skill asks for takes effect.
    #[schemars(with = "Value")]
    permissions: Permissions,
    /// Key id of the signer whose versions have it; `null` for instructions that nobody signed.
    publisher_key: Option<String>,
    mode: GrantMode,
    /// The id of the API key that granted it.
    granted_by: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl From<NamedGrant> for PermissionGrantView {
    fn from(named: NamedGrant) -> Self {
        let grant = named.grant;
        Self {
            id: grant.id,
            agent_id: grant.agent_id,
            skill_id: named.skill_name,
            permissions: grant.permissions,
            publisher_key: grant.publisher_key_id,
            mode: grant.mode,
            granted_by: grant.granted_by,
            created_at: grant.created_at,
            expires_at: grant.expires_at,
            revoked_at: grant.revoked_at,
        }
    }
}

/// Lists grants, newest first, those too that are not in effect any more.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListPermissionGrantsQuery>,
) -> Result<List<PermissionGrantView>, ApiError> {
    let range = PageRange::of(params.limit, params.offset)?;
    let wanted = ListPermissionGrants {
        agent: params.agent_id.map(|id| id.parse()).transpose()?,
        skill: params.skill_id.map(|id| id.parse()).transpose()?,
        limit: range.limit,
        offset: range.offset,
    };
    let page = app.permission_grants.list(&caller, &wanted).await?;
    let grants = page.items.into_iter().map(PermissionGrantView::from);
    Ok(range.page(grants.collect(), page.total))
}
