//! Steps: the journal of a run, each committed before it is acted on.

use serde::Serialize;
use serde_json::Value;

use crate::db::{Tx, args};
use crate::error::is_duplicate;
use crate::json_column::JsonOrNote;
use crate::{Store, StoreError, Timestamp};

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The run.
    pub run_id: String,
    /// Its place in the run.
    pub seq: i64,
    /// What it is: `model_request`, `tool_begun`, …
    pub kind: String,
    /// The step itself; `{"unreadable": "why"}` when it can't be read.
    #[sqlx(try_from = "JsonOrNote")]
    pub body: Value,
    /// When it was taken.
    pub created_at: Timestamp,
}

/// A step to be journalled.
#[derive(Clone, Debug)]
pub struct NewStep {
    /// Its place in the run; each place is taken once.
    pub seq: i64,
    /// What it is.
    pub kind: String,
    /// The step itself.
    pub body: Value,
}

const INSERT: &str =
    "INSERT INTO step (run_id, seq, kind, body, created_at) VALUES ($1, $2, $3, $4, $5)";

impl Store {
    /// Journals a step: committed when this returns.
    ///
    /// Takes no account: the caller holds the run, which it got by one.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the place is taken: somebody else works on the same run.
    pub async fn append_step(&self, run: &str, step: &NewStep) -> Result<(), StoreError> {
        let inserted = self
            .db
            .execute(
                INSERT,
                args![run, step.seq, &step.kind, &step.body, self.now()],
            )
            .await;
        place_taken(run, step, inserted)
    }

    /// The steps of a run, in order; none for a run that the account does not have.
    pub async fn steps(&self, account: &str, run: &str) -> Result<Vec<Step>, StoreError> {
        self.db
            .all(
                "SELECT step.* FROM step JOIN run ON run.id = step.run_id \
                 WHERE step.run_id = $1 AND run.account_id = $2 ORDER BY step.seq",
                args![run, account],
            )
            .await
    }
}

/// Journals a step within a transaction.
pub(crate) async fn insert_step(
    store: &Store,
    tx: &mut Tx,
    run: &str,
    step: &NewStep,
) -> Result<(), StoreError> {
    let inserted = tx
        .execute(
            INSERT,
            args![run, step.seq, &step.kind, &step.body, store.now()],
        )
        .await;
    place_taken(run, step, inserted)
}

/// Says in the caller's terms that a place is taken.
fn place_taken(
    run: &str,
    step: &NewStep,
    inserted: Result<u64, StoreError>,
) -> Result<(), StoreError> {
    match inserted {
        Err(error) if is_duplicate(&error) => Err(StoreError::Conflict(format!(
            "step {} of run {run} is journalled already",
            step.seq
        ))),
        inserted => inserted.map(drop),
    }
}
