//! Reads that are bounded in bytes: what a tenant wrote decides how long a text is, not how much one request holds.
//!
//! The database adds up the lengths first, without reading the texts, and gives only the rows that fit.

use serde::Serialize;

use crate::db::args;
use crate::message::{History, Role};
use crate::{LogLine, Page, Step, Store, StoreError, Timestamp};

/// Steps of a run, from some place on.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPage {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Whether there are further ones that did not fit.
    pub truncated: bool,
}

/// What was said, as a history shows it: without the parts that only the model is told.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Who said it.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Its text.
    pub content: String,
    /// When it was said.
    pub created_at: Timestamp,
}

/// Statements for one choice of steps: the rows that fit, and the last place that there is.
struct StepStatements {
    rows: &'static str,
    last: &'static str,
}

const ALL_STEPS: StepStatements = StepStatements {
    rows: "SELECT step.run_id, step.seq, step.kind, step.body, step.created_at FROM step JOIN run ON run.id = step.run_id \
           WHERE step.run_id = $1 AND run.account_id = $2 AND step.seq > $3 AND step.seq <= \
           (SELECT MAX(seq) FROM (SELECT seq, size, SUM(size) OVER (ORDER BY seq) AS upto FROM \
           (SELECT seq, OCTET_LENGTH(body) AS size FROM step WHERE run_id = $1 AND seq > $3) AS sizes) AS sums \
           WHERE upto <= $4 OR upto = size) ORDER BY step.seq",
    last: "SELECT COALESCE(MAX(step.seq), -1) FROM step JOIN run ON run.id = step.run_id \
           WHERE step.run_id = $1 AND run.account_id = $2",
};

const TOOL_ENDS: StepStatements = StepStatements {
    rows: "SELECT step.run_id, step.seq, step.kind, step.body, step.created_at FROM step JOIN run ON run.id = step.run_id \
           WHERE step.run_id = $1 AND run.account_id = $2 AND step.kind = 'tool_ended' AND step.seq > $3 AND step.seq <= \
           (SELECT MAX(seq) FROM (SELECT seq, size, SUM(size) OVER (ORDER BY seq) AS upto FROM \
           (SELECT seq, OCTET_LENGTH(body) AS size FROM step WHERE run_id = $1 AND kind = 'tool_ended' AND seq > $3) \
           AS sizes) AS sums WHERE upto <= $4 OR upto = size) ORDER BY step.seq",
    last: "SELECT COALESCE(MAX(step.seq), -1) FROM step JOIN run ON run.id = step.run_id \
           WHERE step.run_id = $1 AND run.account_id = $2 AND step.kind = 'tool_ended'",
};

const SAID_IN_SESSION: &str = "SELECT role, content, created_at FROM message WHERE id IN \
     (SELECT id FROM (SELECT id, size, SUM(size) OVER (ORDER BY created_at DESC, id DESC) AS upto FROM \
     (SELECT id, created_at, OCTET_LENGTH(content) AS size FROM message WHERE account_id = $1 AND agent_id = $2 \
     AND created_at > $3 AND session_id = $6 ORDER BY created_at DESC, id DESC LIMIT $4) AS sizes) AS sums \
     WHERE upto <= $5 OR upto = size) ORDER BY created_at, id";

const SAID: &str = "SELECT role, content, created_at FROM message WHERE id IN \
     (SELECT id FROM (SELECT id, size, SUM(size) OVER (ORDER BY created_at DESC, id DESC) AS upto FROM \
     (SELECT id, created_at, OCTET_LENGTH(content) AS size FROM message WHERE account_id = $1 AND agent_id = $2 \
     AND created_at > $3 ORDER BY created_at DESC, id DESC LIMIT $4) AS sizes) AS sums \
     WHERE upto <= $5 OR upto = size) ORDER BY created_at, id";

impl Store {
    /// The steps of a run that follow place `after` (-1 for all), as many as have at most `bytes` together, but
    /// always the first: whoever reads must get on. None for a run that the account does not have.
    pub async fn steps_after(
        &self,
        account: &str,
        run: &str,
        after: i64,
        bytes: i64,
    ) -> Result<StepPage, StoreError> {
        self.step_page(&ALL_STEPS, account, run, after, bytes).await
    }

    /// As [`Store::steps_after`], of the ends of tool calls alone: they hold the receipts.
    pub async fn tool_ends_after(
        &self,
        account: &str,
        run: &str,
        after: i64,
        bytes: i64,
    ) -> Result<StepPage, StoreError> {
        self.step_page(&TOOL_ENDS, account, run, after, bytes).await
    }

    async fn step_page(
        &self,
        statements: &StepStatements,
        account: &str,
        run: &str,
        after: i64,
        bytes: i64,
    ) -> Result<StepPage, StoreError> {
        let steps: Vec<Step> = self
            .db
            .all(statements.rows, args![run, account, after, bytes])
            .await?;
        let last = self.db.count(statements.last, args![run, account]).await?;
        let read = steps.last().map_or(after, |step| step.seq);
        Ok(StepPage {
            steps,
            truncated: last > read,
        })
    }

    /// The latest of what was said, oldest first, as far as it has at most `bytes` together, but always the
    /// newest; `total` counts all that `query` admits.
    pub async fn said(
        &self,
        account: &str,
        agent: &str,
        query: History<'_>,
        bytes: i64,
    ) -> Result<Page<Said>, StoreError> {
        let since = query.since.unwrap_or(Timestamp::from_micros(i64::MIN));
        let items = match query.session {
            Some(session) => {
                let args = args![account, agent, since, query.limit, bytes, session];
                self.db.all(SAID_IN_SESSION, args).await?
            }
            None => {
                let args = args![account, agent, since, query.limit, bytes];
                self.db.all(SAID, args).await?
            }
        };
        let total = self.count_messages(account, agent, query).await?;
        Ok(Page { items, total })
    }

    /// The last `count` lines of an agent's log, oldest first, as far as they have at most `bytes` together.
    pub async fn tail_logs(
        &self,
        account: &str,
        agent: &str,
        count: i64,
        bytes: i64,
    ) -> Result<Vec<LogLine>, StoreError> {
        self.db
            .all(
                "SELECT agent_log.seq, agent_log.at, agent_log.level, agent_log.message FROM agent_log JOIN agent ON agent.id = agent_log.agent_id \
                 WHERE agent.id = $1 AND agent.account_id = $2 AND agent_log.seq >= \
                 (SELECT MIN(seq) FROM (SELECT seq, SUM(size) OVER (ORDER BY seq DESC) AS upto FROM \
                 (SELECT seq, OCTET_LENGTH(message) AS size FROM agent_log WHERE agent_id = $1 \
                 ORDER BY seq DESC LIMIT $3) AS sizes) AS sums WHERE upto <= $4) ORDER BY agent_log.seq",
                args![agent, account, count, bytes],
            )
            .await
    }

    /// At most `limit` lines that follow line `seq`, oldest first: how a reader goes on where it was. They have at most
    /// `bytes` together, but for the last, which may pass it: whoever reads must get on.
    pub async fn logs_after(
        &self,
        account: &str,
        agent: &str,
        seq: i64,
        limit: i64,
        bytes: i64,
    ) -> Result<Vec<LogLine>, StoreError> {
        self.db
            .all(
                "SELECT agent_log.seq, agent_log.at, agent_log.level, agent_log.message FROM agent_log JOIN agent ON agent.id = agent_log.agent_id \
                 WHERE agent.id = $1 AND agent.account_id = $2 AND agent_log.seq > $3 AND agent_log.seq <= \
                 (SELECT MAX(seq) FROM (SELECT seq, SUM(size) OVER (ORDER BY seq) - size AS before FROM \
                 (SELECT seq, OCTET_LENGTH(message) AS size FROM agent_log WHERE agent_id = $1 AND seq > $3 \
                 ORDER BY seq LIMIT $4) AS sizes) AS sums WHERE before < $5) ORDER BY agent_log.seq",
                args![agent, account, seq, limit, bytes],
            )
            .await
    }

    /// The number of the newest line of an agent's log; 0 before the first.
    pub async fn last_log_number(&self, account: &str, agent: &str) -> Result<i64, StoreError> {
        self.db
            .count(
                "SELECT agent_log_head.seq FROM agent_log_head JOIN agent ON agent.id = agent_log_head.agent_id \
                 WHERE agent.id = $1 AND agent.account_id = $2",
                args![agent, account],
            )
            .await
    }
}
