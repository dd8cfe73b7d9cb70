//! `POST /v1/knowledge/ingest`

use axum::extract::{FromRequestParts, State};
use http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use skillgate_service::{KnowledgeChunk, KnowledgeTarget, ReceivingPlace};

use crate::envelope::Data;
use crate::extract::{Caller, Json};
use crate::surface::Input;
use crate::{ApiError, App};

/// The most bytes of a body. Source: the specification.
pub(crate) const MAX_BODY: usize = 4 << 20;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IngestKnowledgeRequest {
    swarm_id: Option<String>,
    agent_id: Option<String>,
    /// 1 to 100 chunks.
    chunks: Vec<KnowledgeChunkRequest>,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct KnowledgeChunkRequest {
    /// At most 4,000 characters.
    text: String,
    /// Where it is from, such as the name of a file.
    source: String,
    /// At most 8 KiB, nested at most 8 deep.
    #[schemars(with = "Option<Map<String, Value>>")]
    metadata: Option<Box<RawValue>>,
}

/// What became of the chunks of the request.
#[derive(Serialize, JsonSchema)]
pub(crate) struct IngestedKnowledge {
    stored: usize,
    /// Left out, because an entry says the same.
    skipped: usize,
    /// How many chunks the request had.
    total: usize,
}

/// A place for a body of megabytes, taken before any of it is read and held until its chunks are stored.
pub(crate) struct Receiving {
    _place: ReceivingPlace,
}

impl FromRequestParts<App> for Receiving {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let place = app.knowledge.receiving_place(&caller).await?;
        Ok(Self { _place: place })
    }
}

impl Input for Receiving {}

/// Embeds chunks and stores those that no entry says already.
pub(crate) async fn ingest(
    State(app): State<App>,
    caller: Caller,
    _receiving: Receiving,
    Json(body): Json<IngestKnowledgeRequest, MAX_BODY>,
) -> Result<Data<IngestedKnowledge>, ApiError> {
    let target = KnowledgeTarget::parse(body.swarm_id.as_deref(), body.agent_id.as_deref())?;
    let total = body.chunks.len();
    let chunks = body.chunks.into_iter().map(|chunk| KnowledgeChunk {
        text: chunk.text,
        source: chunk.source,
        metadata: chunk.metadata.map(|sent| Box::<str>::from(sent).into()),
    });
    let ingested = app
        .knowledge
        .ingest(&caller, &target, chunks.collect())
        .await?;
    Ok(Data {
        data: IngestedKnowledge {
            stored: ingested.stored,
            skipped: ingested.skipped,
            total,
        },
    })
}
