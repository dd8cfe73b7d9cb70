//! A swarm as every operation but the detailed one answers it.

use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::SwarmOverview;
use skillgate_store::Timestamp;

/// A swarm with its counts.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SwarmOverviewView {
    id: String,
    name: String,
    slug: String,
    description: Option<String>,
    icon: Option<String>,
    agent_count: i64,
    /// The valid API keys of the account.
    member_count: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<SwarmOverview> for SwarmOverviewView {
    fn from(SwarmOverview { swarm, members }: SwarmOverview) -> Self {
        Self {
            id: swarm.id,
            name: swarm.name,
            slug: swarm.slug,
            description: swarm.description,
            icon: swarm.icon,
            agent_count: swarm.agent_count,
            member_count: members,
            created_at: swarm.created_at,
            updated_at: swarm.updated_at,
        }
    }
}
