//! Logs of agents: numbered lines, the newest of which are kept.

use std::sync::LazyLock;

use serde::Serialize;

use crate::db::{Arg, Tx, args};
use crate::json_column::storable;
use crate::{Store, StoreError, Timestamp};

/// How many lines of an agent are kept: what an agent writes can not fill the disk.
const KEPT_LINES: i64 = 10_000;

/// A line of an agent's log.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Its number: from 1, without gaps.
    pub seq: i64,
    /// When it was written.
    pub at: Timestamp,
    /// `debug`, `info`, `warn`, `error`
    pub level: String,
    /// What it says.
    pub message: String,
}

/// A line to be written.
#[derive(Clone, Debug)]
pub struct NewLogLine {
    /// When it was written.
    pub at: Timestamp,
    /// `debug`, `info`, `warn`, `error`
    pub level: String,
    /// What it says.
    pub message: String,
}

impl Store {
    /// Writes lines to an agent's log and drops those that are too many; whether the account has such an agent.
    pub async fn append_logs(
        &self,
        account: &str,
        agent: &str,
        lines: &[NewLogLine],
    ) -> Result<bool, StoreError> {
        let mut tx = self.db.begin().await?;
        tx.hold_agent(agent).await?;
        let Some(last) = take_numbers(&mut tx, account, agent, lines.len() as i64).await? else {
            return Ok(false);
        };
        insert_lines(&mut tx, agent, last - lines.len() as i64 + 1, lines).await?;
        tx.execute(
            "DELETE FROM agent_log WHERE agent_id = $1 AND seq <= $2",
            args![agent, last - KEPT_LINES],
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Inserts lines numbered from `first` on, as many with one statement as possible: everybody's writes queue behind this
/// transaction, and each statement is a journey to the database's thread or server.
async fn insert_lines(
    tx: &mut Tx,
    agent: &str,
    first: i64,
    lines: &[NewLogLine],
) -> Result<(), StoreError> {
    let (mut first, mut rest) = (first, lines);
    for (rows, sql) in INSERT_LINES.iter() {
        while rest.len() >= *rows {
            let (now, later) = rest.split_at(*rows);
            let mut values = vec![Arg::from(agent)];
            for (seq, line) in (first..).zip(now) {
                let message = storable(&line.message);
                values.extend([
                    seq.into(),
                    line.at.into(),
                    (&line.level).into(),
                    message.into(),
                ]);
            }
            tx.execute(*sql, &values).await?;
            (first, rest) = (first + now.len() as i64, later);
        }
    }
    Ok(())
}

/// Statements that insert so many lines at once, the largest first: few, so that each is prepared once. `$1` is the agent.
static INSERT_LINES: LazyLock<[(usize, &str); 3]> = LazyLock::new(|| {
    [64, 8, 1].map(|rows| {
        let row = |row: usize| {
            let [seq, at, level, message] = [2, 3, 4, 5].map(|column| 4 * row + column);
            format!("($1, ${seq}, ${at}, ${level}, ${message})")
        };
        let rows_text = (0..rows).map(row).collect::<Vec<_>>().join(", ");
        let sql =
            format!("INSERT INTO agent_log (agent_id, seq, at, level, message) VALUES {rows_text}");
        // Statements live as long as the process, as those that are written out do.
        (rows, &*sql.leak())
    })
});

/// Reserves `count` numbers of an agent's log and answers the last; writers of the same log wait for each other here.
async fn take_numbers(
    tx: &mut Tx,
    account: &str,
    agent: &str,
    count: i64,
) -> Result<Option<i64>, StoreError> {
    let last: Option<(i64,)> = tx
        .optional(
            "INSERT INTO agent_log_head (agent_id, seq) SELECT id, $3 FROM agent WHERE id = $1 AND account_id = $2 \
             ON CONFLICT (agent_id) DO UPDATE SET seq = agent_log_head.seq + excluded.seq RETURNING seq",
            args![agent, account, count],
        )
        .await?;
    Ok(last.map(|(last,)| last))
}
