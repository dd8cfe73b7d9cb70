//! `GET /v1/usage`

use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillgate_service::{UsageQuery, UsageReport};
use skillgate_store::{UsageGrouping, UsageRow, UsageTotals};

use crate::envelope::Data;
use crate::extract::{Caller, Query};
use crate::{ApiError, App};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageParams {
    /// The first day, such as `2026-01-31`, in UTC; the last 30 days when absent.
    from: Option<String>,
    /// The last day, included; today when absent.
    to: Option<String>,
    /// `agent`, `model`, `skill` or `day`; `day` when absent.
    group_by: Option<String>,
}

/// What an account used.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageReportView {
    from: String,
    to: String,
    group_by: UsageGrouping,
    total: UsageAmounts,
    groups: Vec<UsageGroup>,
}

/// What one agent, model, skill or day used.
#[derive(Serialize, JsonSchema)]
struct UsageGroup {
    /// The agent's id, the model as `provider/model`, the skill's name, or the day.
    id: String,
    #[serde(flatten)]
    amounts: UsageAmounts,
}

/// Amounts of usage.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UsageAmounts {
    /// Runs that ended; of a model or a skill, runs that used it.
    runs: i64,
    model_calls: i64,
    input_tokens: i64,
    output_tokens: i64,
    /// US dollars; `null` when a model was called whose price is not known.
    cost_usd: Option<f64>,
    tool_calls: i64,
    /// Time in sandboxes, in microseconds.
    sandbox_us: i64,
    /// Bytes that skills sent and received over the network.
    egress_bytes: i64,
}

impl From<UsageTotals> for UsageAmounts {
    fn from(totals: UsageTotals) -> Self {
        let is_priced = totals.unpriced_calls == 0;
        Self {
            runs: totals.runs,
            model_calls: totals.model_calls,
            input_tokens: totals.input_tokens,
            output_tokens: totals.output_tokens,
            cost_usd: is_priced.then_some(totals.cost_nanos as f64 / 1e9),
            tool_calls: totals.tool_calls,
            sandbox_us: totals.sandbox_micros,
            egress_bytes: totals.egress_bytes,
        }
    }
}

impl From<UsageRow> for UsageGroup {
    fn from(row: UsageRow) -> Self {
        Self {
            id: row.id,
            amounts: row.totals.into(),
        }
    }
}

impl From<UsageReport> for UsageReportView {
    fn from(report: UsageReport) -> Self {
        let groups = report.groups.into_iter();
        Self {
            from: report.from,
            to: report.to,
            group_by: report.grouping,
            total: report.total.into(),
            groups: groups.map(UsageGroup::from).collect(),
        }
    }
}

/// What the account used, by agent, model, skill or day. Usage stays when an agent is deleted.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<UsageParams>,
) -> Result<Data<UsageReportView>, ApiError> {
    let query = UsageQuery {
        from: params.from,
        to: params.to,
        group_by: params.group_by,
    };
    let report = app.usage.report(&caller, query).await?;
    Ok(Data {
        data: report.into(),
    })
}
