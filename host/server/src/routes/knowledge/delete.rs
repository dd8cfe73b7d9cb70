//! `DELETE /v1/knowledge`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{KnowledgeSelection, KnowledgeTarget};

use crate::envelope::Data;
use crate::extract::{Caller, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteKnowledgeQuery {
    swarm_id: Option<String>,
    agent_id: Option<String>,
    /// Deletes all entries from this source.
    source: Option<String>,
    /// Deletes the entry with this id.
    id: Option<String>,
    /// `true` deletes all entries; `confirm=true` has to be given, too.
    all: Option<String>,
    /// `true` confirms that all entries are to be deleted.
    confirm: Option<String>,
}

/// Confirms that what was chosen is not there any more.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DeletedKnowledge {
    deleted: bool,
}

/// Deletes what the query chooses, for good.
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<DeleteKnowledgeQuery>,
) -> Result<Data<DeletedKnowledge>, ApiError> {
    let target = KnowledgeTarget::parse(params.swarm_id.as_deref(), params.agent_id.as_deref())?;
    let selection = selection(params)?;
    app.knowledge.delete(&caller, &target, &selection).await?;
    Ok(Data {
        data: DeletedKnowledge { deleted: true },
    })
}

fn selection(params: DeleteKnowledgeQuery) -> Result<KnowledgeSelection, ApiError> {
    let all = is_true("all", params.all.as_deref())?;
    let confirmed = is_true("confirm", params.confirm.as_deref())?;
    match (params.source, params.id, all) {
        (Some(source), None, false) => Ok(KnowledgeSelection::Source(source)),
        (None, Some(id), false) => Ok(KnowledgeSelection::Entry(id.parse()?)),
        (None, None, true) if confirmed => Ok(KnowledgeSelection::All),
        (None, None, true) => Err(ApiError::validation(
            "confirm: deleting all entries needs confirm=true beside all=true.",
        )),
        _ => Err(ApiError::validation(
            "Give exactly one of source, id and all=true.",
        )),
    }
}

fn is_true(field: &str, value: Option<&str>) -> Result<bool, ApiError> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::validation(format!(
            "{field}: must be `true` or `false`."
        ))),
    }
}
