//! `GET /v1/skills`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_store::Skill;

use crate::envelope::{List, Pagination};
use crate::extract::{Caller, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListSkillsQuery {
    search: Option<String>,
    category: Option<String>,
    page: Option<usize>,
    page_size: Option<usize>,
}

/// A skill as a list shows it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkillListItem {
    id: String,
    name: String,
    description: String,
    author: Option<String>,
    category: Option<String>,
    install_count: i64,
    latest_version: String,
    /// Nobody has scored it yet.
    security_score: Option<u8>,
}

impl From<Skill> for SkillListItem {
    fn from(skill: Skill) -> Self {
        Self {
            id: skill.name,
            name: skill.title,
            description: skill.description,
            author: skill.author,
            category: skill.category,
            install_count: skill.install_count,
            latest_version: skill.latest_version.unwrap_or_default(),
            security_score: None,
        }
    }
}

/// The account's skills, page by page.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListSkillsQuery>,
) -> Result<List<SkillListItem>, ApiError> {
    let (page, size) = (params.page.unwrap_or(1), params.page_size.unwrap_or(20));
    if page == 0 || !(1..=100).contains(&size) {
        return Err(ApiError::validation(
            "page: must be at least 1, and pageSize 1 to 100.",
        ));
    }
    let search = params.search.unwrap_or_default();
    let skills = app
        .skills
        .list(&caller, &search, params.category.as_deref())
        .await?;
    let offset = (page - 1).saturating_mul(size);
    let pagination = Pagination {
        total: skills.len() as u64,
        limit: size as u64,
        offset: offset as u64,
    };
    Ok(List {
        data: skills
            .into_iter()
            .skip(offset)
            .take(size)
            .map(SkillListItem::from)
            .collect(),
        pagination,
    })
}
