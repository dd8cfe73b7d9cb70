//! `GET /v1/agents/{id}/status`

use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use skillgate_service::{AgentId, AgentUsage, StatusNow};
use skillgate_store::AgentStatus;

use crate::envelope::Data;
use crate::extract::{Caller, Id};
use crate::{ApiError, App};

/// What an agent does now.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentStatusView {
    status: AgentStatus,
    /// The same of its sandboxes: whether they run.
    container_status: ContainerStatus,
    /// Whether `resources` was measured for this answer.
    live: bool,
    /// What its sandboxes used within the last minute; `null` for an agent that does not run.
    resources: Option<Resources>,
    /// Where this comes from: `runtime` (measured around its sandboxes, in this process) or `database` (of an agent that does
    /// not run, only its status is known).
    source: Source,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ContainerStatus {
    Running,
    Stopped,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Source {
    Runtime,
    Database,
}

/// What the sandboxes of an agent used within the last minute.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resources {
    /// The most linear memory that they held together, and what all sandboxes of the account may hold, such as
    /// `128MiB / 512MiB`.
    memory_usage: String,
    /// Their CPU time as a share of one CPU, such as `2.35%`.
    cpu_percent: String,
}

impl From<StatusNow> for AgentStatusView {
    fn from(now: StatusNow) -> Self {
        let (container_status, source) = match now.usage {
            Some(_) => (ContainerStatus::Running, Source::Runtime),
            None => (ContainerStatus::Stopped, Source::Database),
        };
        Self {
            status: now.status,
            container_status,
            live: now.usage.is_some(),
            resources: now.usage.map(Resources::from),
            source,
        }
    }
}

impl From<AgentUsage> for Resources {
    fn from(usage: AgentUsage) -> Self {
        let percent = 100.0 * usage.cpu.as_secs_f64() / usage.window.as_secs_f64();
        let (memory, limit) = (format_bytes(usage.memory), format_bytes(usage.memory_limit));
        Self {
            memory_usage: format!("{memory} / {limit}"),
            cpu_percent: format!("{percent:.2}%"),
        }
    }
}

/// Formats a number of bytes as `docker stats` does: four digits at most, in the largest unit that gives at least one.
fn format_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    // What would be shown as 1024 of a unit is shown as 1 of the next.
    for next in units {
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    let decimals = match value {
        value if value < 9.9995 => 3,
        value if value < 99.995 => 2,
        value if value < 999.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{unit}")
}

/// Says what an agent does now.
pub(crate) async fn status(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id<AgentId>,
) -> Result<Data<AgentStatusView>, ApiError> {
    let now = app.agents.status_now(&caller, &id).await?;
    Ok(Data { data: now.into() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn bytes_are_formatted_in_the_largest_unit() {
        for (bytes, text) in [
            (0, "0B"),
            (100, "100B"),
            (1023, "1023B"),
            (1024, "1KiB"),
            (1 << 20, "1MiB"),
            ((1 << 20) - 1, "1MiB"),
            (1_114_112, "1.062MiB"),
            (128 << 20, "128MiB"),
            (1_000 << 20, "1000MiB"),
            (3 << 30, "3GiB"),
            (5_000 << 30, "5000GiB"),
        ] {
            assert_eq!(format_bytes(bytes), text);
        }
    }

    #[test]
    fn the_share_of_a_cpu_has_two_decimals() {
        let usage = |cpu| AgentUsage {
            memory: 128 << 20,
            memory_limit: 512 << 20,
            cpu: Duration::from_millis(cpu),
            window: Duration::from_secs(60),
        };
        let percent = |cpu| Resources::from(usage(cpu)).cpu_percent;
        assert_eq!(percent(0), "0.00%");
        assert_eq!(percent(1_410), "2.35%");
        assert_eq!(percent(120_000), "200.00%");
        assert_eq!(Resources::from(usage(0)).memory_usage, "128MiB / 512MiB");
    }
}
