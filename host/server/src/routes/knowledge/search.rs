//! `POST /v1/knowledge/search`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{FoundKnowledge, KnowledgeTarget};

use super::view::KnowledgeEntryView;
use crate::envelope::Data;
use crate::extract::{Caller, Json};
use crate::{ApiError, App};

/// How many entries a search gives when the body does not say: what a model reads at once without losing sight of the question.
const DEFAULT_LIMIT: usize = 10;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchKnowledgeRequest {
    swarm_id: Option<String>,
    agent_id: Option<String>,
    /// At most 4,000 characters.
    query: String,
    /// 1 to 50; 10 when absent.
    limit: Option<usize>,
}

/// An entry that was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FoundKnowledgeView {
    #[serde(flatten)]
    entry: KnowledgeEntryView,
    /// From 0 to 1, the higher the better: 1 for what is first by its words and by what it is about.
    score: f64,
}

impl From<FoundKnowledge> for FoundKnowledgeView {
    fn from(found: FoundKnowledge) -> Self {
        Self {
            entry: found.entry.into(),
            score: found.score,
        }
    }
}

/// Finds entries that fit a query, the best first.
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<SearchKnowledgeRequest>,
) -> Result<Data<Vec<FoundKnowledgeView>>, ApiError> {
    let target = KnowledgeTarget::parse(body.swarm_id.as_deref(), body.agent_id.as_deref())?;
    let limit = body.limit.unwrap_or(DEFAULT_LIMIT);
    let found = app
        .knowledge
        .search(&caller, &target, &body.query, limit)
        .await?;
    Ok(Data {
        data: found.into_iter().map(FoundKnowledgeView::from).collect(),
    })
}
