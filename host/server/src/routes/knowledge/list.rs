//! `GET /v1/knowledge`

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{KnowledgeEntryId, KnowledgeTarget};

use super::view::KnowledgeEntryView;
use crate::extract::{Caller, Query};
use crate::{ApiError, App};

/// How many entries a list gives when the query does not say. Source: the specification.
const DEFAULT_LIMIT: i64 = 50;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListKnowledgeQuery {
    swarm_id: Option<String>,
    agent_id: Option<String>,
    /// Only entries from this source.
    source: Option<String>,
    /// 1 to 100; 50 when absent.
    limit: Option<i64>,
    /// `nextOffset` of an earlier answer.
    offset: Option<String>,
}

/// Entries of knowledge, and where those that follow begin.
#[derive(Serialize, JsonSchema)]
pub(crate) struct KnowledgeList {
    data: Vec<KnowledgeEntryView>,
    pagination: KnowledgePagination,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KnowledgePagination {
    /// The id of the next entry; `null` on the last page.
    next_offset: Option<String>,
    has_more: bool,
}

/// Entries in the order in which they were stored.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListKnowledgeQuery>,
) -> Result<Json<KnowledgeList>, ApiError> {
    let target = KnowledgeTarget::parse(params.swarm_id.as_deref(), params.agent_id.as_deref())?;
    let from: Option<KnowledgeEntryId> = params
        .offset
        .map(|id| id.parse())
        .transpose()
        .map_err(|_| ApiError::validation("offset: must be `nextOffset` of an earlier answer."))?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT);
    let source = params.source.as_deref();
    let listed = app
        .knowledge
        .list(&caller, &target, source, from.as_ref(), limit);
    let (entries, next_offset) = listed.await?;
    Ok(Json(KnowledgeList {
        data: entries.into_iter().map(KnowledgeEntryView::from).collect(),
        pagination: KnowledgePagination {
            has_more: next_offset.is_some(),
            next_offset,
        },
    }))
}
