//! What runs used, added up by day: written with the journal, and kept when an agent is deleted.

use serde::Serialize;

use crate::db::{Insert, Tx, args};
use crate::json_column::words;
use crate::{Store, StoreError, Timestamp};

words! {
    /// What a use was of.
    UsageKind {
        /// A run, which ended.
        Run = "run",
        /// A call of a language model.
        Model = "model",
        /// A call of a skill's tool.
        Skill = "skill",
    }
}

words! {
    /// By what uses are told apart.
    UsageGrouping {
        /// The agent's id.
        Agent = "agent",
        /// The model, as `provider/model`.
        Model = "model",
        /// The skill's name.
        Skill = "skill",
        /// The day in UTC.
        Day = "day",
    }
}

/// A use to be added to its day.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUsage {
    /// What it was of.
    pub kind: UsageKind,
    /// The model as `provider/model`, or the skill's name; empty for runs.
    pub subject: String,
    /// How much.
    pub amounts: UsageTotals,
}

/// Sums of uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct UsageTotals {
    /// Runs that ended; of a model or a skill, runs that used it.
    pub runs: i64,
    /// Answers of language models.
    pub model_calls: i64,
    /// Those of them whose price is not known.
    pub unpriced_calls: i64,
    /// Tokens sent, cached ones too.
    pub input_tokens: i64,
    /// Tokens answered.
    pub output_tokens: i64,
    /// What the priced calls cost, in billionths of a US dollar.
    pub cost_nanos: i64,
    /// Calls of skills' tools.
    pub tool_calls: i64,
    /// Time in sandboxes, in microseconds.
    pub sandbox_micros: i64,
    /// Bytes that skills sent and received over the network.
    pub egress_bytes: i64,
}

/// The uses of one agent, model, skill or day.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct UsageRow {
    /// Of which.
    pub id: String,
    /// How much.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub totals: UsageTotals,
}

/// Writes a query for sums from day `$2` to day `$3`. Runs have rows of their own; in the rows of models and skills they are
/// those that used them. The casts keep the type: sums are of another one on PostgreSQL.
macro_rules! select_sums {
    ($before:literal, $runs:literal, $after:literal) => {
        concat!(
            "SELECT ",
            $before,
            "CAST(COALESCE(SUM(",
            $runs,
            "), 0) AS BIGINT) AS runs, \
             CAST(COALESCE(SUM(model_calls), 0) AS BIGINT) AS model_calls, \
             CAST(COALESCE(SUM(unpriced_calls), 0) AS BIGINT) AS unpriced_calls, \
             CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT) AS input_tokens, \
             CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT) AS output_tokens, \
             CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT) AS cost_nanos, \
             CAST(COALESCE(SUM(tool_calls), 0) AS BIGINT) AS tool_calls, \
             CAST(COALESCE(SUM(sandbox_micros), 0) AS BIGINT) AS sandbox_micros, \
             CAST(COALESCE(SUM(egress_bytes), 0) AS BIGINT) AS egress_bytes \
             FROM usage_day WHERE account_id = $1 AND day >= $2 AND day <= $3",
            $after
        )
    };
}

const TOTALS: &str = select_sums!("", "CASE WHEN kind = 'run' THEN runs ELSE 0 END", "");
const BY_DAY: &str = select_sums!(
    "day AS id, ",
    "CASE WHEN kind = 'run' THEN runs ELSE 0 END",
    " GROUP BY day ORDER BY day LIMIT $4"
);
const BY_AGENT: &str = select_sums!(
    "agent_id AS id, ",
    "CASE WHEN kind = 'run' THEN runs ELSE 0 END",
    " GROUP BY agent_id ORDER BY SUM(model_calls) DESC, agent_id LIMIT $4"
);
const BY_MODEL: &str = select_sums!(
    "subject AS id, ",
    "runs",
    " AND kind = 'model' GROUP BY subject ORDER BY SUM(model_calls) DESC, subject LIMIT $4"
);
const BY_SKILL: &str = select_sums!(
    "subject AS id, ",
    "runs",
    " AND kind = 'skill' GROUP BY subject ORDER BY SUM(tool_calls) DESC, subject LIMIT $4"
);

impl Store {
    /// What an account used from one day to another, both included and written as `2026-01-31`.
    pub async fn usage_totals(
        &self,
        account: &str,
        (from, to): (&str, &str),
    ) -> Result<UsageTotals, StoreError> {
        let totals = self.db.optional(TOTALS, args![account, from, to]).await?;
        Ok(totals.unwrap_or_default())
    }

    /// The same by agent, model, skill or day: days in order, the rest by the number of calls, at most `limit`.
    pub async fn usage_by(
        &self,
        account: &str,
        (from, to): (&str, &str),
        grouping: UsageGrouping,
        limit: i64,
    ) -> Result<Vec<UsageRow>, StoreError> {
        let sql = match grouping {
            UsageGrouping::Agent => BY_AGENT,
            UsageGrouping::Model => BY_MODEL,
            UsageGrouping::Skill => BY_SKILL,
            UsageGrouping::Day => BY_DAY,
        };
        self.db.all(sql, args![account, from, to, limit]).await
    }
}

/// Adds a use of an account's agent to its day, within a transaction.
pub(crate) async fn add_usage(
    tx: &mut Tx,
    now: Timestamp,
    (account, agent): (&str, &str),
    usage: &NewUsage,
) -> Result<(), StoreError> {
    let day = now.to_string();
    let amounts = &usage.amounts;
    let row = Insert::into_table("usage_day")
        .set("account_id", account)
        .set("day", day.get(..DAY_CHARS).unwrap_or(&day))
        .set("agent_id", agent)
        .set("kind", usage.kind)
        .set("subject", &usage.subject)
        .set("runs", amounts.runs)
        .set("model_calls", amounts.model_calls)
        .set("unpriced_calls", amounts.unpriced_calls)
        .set("input_tokens", amounts.input_tokens)
        .set("output_tokens", amounts.output_tokens)
        .set("cost_nanos", amounts.cost_nanos)
        .set("tool_calls", amounts.tool_calls)
        .set("sandbox_micros", amounts.sandbox_micros)
        .set("egress_bytes", amounts.egress_bytes)
        .on_conflict(
            "(account_id, day, agent_id, kind, subject) DO UPDATE SET runs = usage_day.runs + excluded.runs, \
             model_calls = usage_day.model_calls + excluded.model_calls, \
             unpriced_calls = usage_day.unpriced_calls + excluded.unpriced_calls, \
             input_tokens = usage_day.input_tokens + excluded.input_tokens, \
             output_tokens = usage_day.output_tokens + excluded.output_tokens, \
             cost_nanos = usage_day.cost_nanos + excluded.cost_nanos, \
             tool_calls = usage_day.tool_calls + excluded.tool_calls, \
             sandbox_micros = usage_day.sandbox_micros + excluded.sandbox_micros, \
             egress_bytes = usage_day.egress_bytes + excluded.egress_bytes",
        );
    tx.insert(row).await.map(drop)
}

/// The characters of `2026-01-31`, with which a time begins.
const DAY_CHARS: usize = 10;
