//! Steps: the journal of a run, each committed before it is acted on.

use serde::Serialize;
use serde_json::Value;

use crate::db::{Insert, Tx, args};
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

impl Store {
    /// Journals a step: committed when this returns.
    ///
    /// Takes no account: the caller holds the run, which it got by one.
    ///
    /// # Errors
    /// [`Conflict::Duplicate`](crate::Conflict::Duplicate) when the place is taken: another host works on the same run.
    pub async fn append_step(&self, run: &str, step: &NewStep) -> Result<(), StoreError> {
        let row = row_of(self, run, step);
        self.db.insert(row).await.map(drop)
    }

    /// The steps of a run, in order; none for a run that the account does not have.
    pub async fn steps(&self, account: &str, run: &str) -> Result<Vec<Step>, StoreError> {
        self.db
            .all(
                "SELECT step.run_id, step.seq, step.kind, step.body, step.created_at FROM step JOIN run ON run.id = step.run_id \
                 WHERE step.run_id = $1 AND run.account_id = $2 ORDER BY step.seq",
                args![run, account],
            )
            .await
    }

    /// The last step before place `seq` that is more than a request to the model; `None` when there is none.
    pub async fn step_before(
        &self,
        account: &str,
        run: &str,
        seq: i64,
    ) -> Result<Option<Step>, StoreError> {
        self.db
            .optional(
                "SELECT step.run_id, step.seq, step.kind, step.body, step.created_at FROM step JOIN run ON run.id = step.run_id \
                 WHERE step.run_id = $1 AND run.account_id = $2 AND step.seq < $3 AND step.kind <> 'model_request' \
                 ORDER BY step.seq DESC LIMIT 1",
                args![run, account, seq],
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
    tx.insert(row_of(store, run, step)).await.map(drop)
}

fn row_of<'a>(store: &Store, run: &'a str, step: &'a NewStep) -> Insert<'a> {
    Insert::into_table("step")
        .set("run_id", run)
        .set("seq", step.seq)
        .set("kind", &step.kind)
        .set("body", &step.body)
        .set("created_at", store.now())
}
