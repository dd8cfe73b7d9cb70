//! `GET /api/skills` and `GET /api/skills/categories`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::ListPool;
use skillgate_store::PoolSkill;

use super::view::TenantSkill;
use crate::extract::{Caller, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListTenantSkillsQuery {
    /// Only skills of this category.
    category: Option<String>,
    /// `active` (the default), `archived` or `all`.
    status: Option<String>,
    /// At most so many skills: 1 to 1000, 100 by default.
    limit: Option<i64>,
}

/// The skills of the pool.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TenantSkillList {
    skills: Vec<TenantSkillListItem>,
    /// How many skills fit, also those beyond the limit.
    total: i64,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TenantSkillListItem {
    #[serde(flatten)]
    skill: TenantSkill,
    assigned_agents_count: i64,
}

impl From<PoolSkill> for TenantSkillListItem {
    fn from(skill: PoolSkill) -> Self {
        Self {
            assigned_agents_count: skill.assigned_agents,
            skill: skill.into(),
        }
    }
}

/// The categories of the pool.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CategoryList {
    categories: Vec<String>,
}

/// Lists the skills of the pool, by name.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListTenantSkillsQuery>,
) -> Result<Json<TenantSkillList>, ApiError> {
    let list = ListPool {
        category: params.category,
        status: params.status.unwrap_or_else(|| "active".to_owned()),
        limit: params.limit.unwrap_or(100),
    };
    let page = app.skills.list_pool(&caller, list).await?;
    Ok(Json(TenantSkillList {
        skills: page.skills.into_iter().map(Into::into).collect(),
        total: page.total,
    }))
}

/// Lists the categories of the pool's active skills.
pub(crate) async fn categories(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<CategoryList>, ApiError> {
    let categories = app.skills.pool_categories(&caller).await?;
    Ok(Json(CategoryList { categories }))
}
