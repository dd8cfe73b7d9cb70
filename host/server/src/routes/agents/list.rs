//! `GET /v1/agents`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::agents::IMAGE;
use skillgate_service::config::MAX_AGENTS_PER_ACCOUNT;
use skillgate_store::{AgentStatus, AgentSummary, SwarmRef, Timestamp};

use crate::envelope::{List, Pagination};
use crate::extract::{Caller, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListAgentsQuery {
    limit: Option<i64>,
    offset: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentListItem {
    id: String,
    name: String,
    status: AgentStatus,
    region: String,
    image: &'static str,
    swarm: Option<SwarmView>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
}

/// The swarm of an agent.
#[derive(Serialize, JsonSchema)]
struct SwarmView {
    id: String,
    name: String,
    slug: String,
}

impl From<SwarmRef<'_>> for SwarmView {
    fn from(swarm: SwarmRef<'_>) -> Self {
        Self {
            id: swarm.id.to_owned(),
            name: swarm.name.to_owned(),
            slug: swarm.slug.to_owned(),
        }
    }
}

impl From<AgentSummary> for AgentListItem {
    fn from(agent: AgentSummary) -> Self {
        Self {
            swarm: agent.swarm().map(SwarmView::from),
            id: agent.id,
            name: agent.name,
            status: agent.status,
            region: agent.region,
            image: IMAGE,
            created_at: agent.created_at,
            started_at: agent.started_at,
            stopped_at: agent.stopped_at,
        }
    }
}

/// All agents, newest first, or a part of them where the query says which. As the specification shows it, the limit of
/// the whole list is its length.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ListAgentsQuery>,
) -> Result<List<AgentListItem>, ApiError> {
    let (limit, offset) = (params.limit, params.offset.unwrap_or(0));
    if limit.is_some_and(|limit| !(1..=MAX_AGENTS_PER_ACCOUNT).contains(&limit)) || offset < 0 {
        return Err(ApiError::validation(format!(
            "limit: must be 1 to {}, and offset at least 0.",
            MAX_AGENTS_PER_ACCOUNT
        )));
    }
    let most = limit.unwrap_or(MAX_AGENTS_PER_ACCOUNT);
    let page = app.agents.list(&caller, most, offset).await?;
    let pagination = Pagination {
        total: page.total.unsigned_abs(),
        limit: limit.map_or(page.items.len() as u64, i64::unsigned_abs),
        offset: offset.unsigned_abs(),
    };
    Ok(List {
        data: page.items.into_iter().map(AgentListItem::from).collect(),
        pagination,
    })
}
