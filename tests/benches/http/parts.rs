//! What a turn asks of the store, each kind of it timed alone.

use std::time::{Duration, Instant};

use serde_json::json;
use skillgate_store::{
    NewMessage, NewRun, NewStep, Run, RunEnd, RunStatus, SecretOwner, Session, Step, Store,
};

use crate::figure;
use crate::floor::BareCommits;

/// Turns that are imitated.
const TURNS: usize = 100;

/// The p50 of each part.
pub(crate) struct Parts {
    /// Steps that are committed alone: all but the last, which is committed with the answer.
    pub(crate) steps: u32,
    /// Session, secrets and history, all three.
    pub(crate) reads: Duration,
    /// The run with the user's message, in one transaction.
    pub(crate) begin: Duration,
    /// A step.
    pub(crate) step: Duration,
    /// The last step with the answer and the end of the run, in one transaction.
    pub(crate) end: Duration,
    /// A row like a step's, inserted through sqlx into a table of its own.
    pub(crate) bare_commit: Duration,
}

/// Times what a turn with these steps asks of the store.
pub(crate) async fn measure(store: &Store, account: &str, agent: &str, steps: &[Step]) -> Parts {
    let floor = BareCommits::open().await;
    let (last, others) = steps.split_last().unwrap();
    let [mut reads, mut begins, mut commits, mut ends, mut bare] = [const { Vec::new() }; 5];
    for turn in 0..TURNS {
        let session = store.create_session(account, agent, "bench", "api").await;
        let session = session.unwrap().unwrap();
        reads.push(timed(read(store, &session)).await.1);
        let (run, time) = timed(begin(store, &session)).await;
        begins.push(time);
        for (seq, step) in (0..).zip(others) {
            let new = new_step(seq, step);
            commits.push(timed(store.append_step(&run.id, &new)).await.1);
            let body = step.body.to_string();
            let row = (turn * steps.len()) as i64 + seq;
            bare.push(timed(floor.commit("run", row, &step.kind, &body)).await.1);
        }
        let end = end(others.len() as i64, last);
        ends.push(timed(store.finish_run(&run, end)).await.1);
    }
    Parts {
        steps: u32::try_from(others.len()).unwrap(),
        reads: figure::median(&reads),
        begin: figure::median(&begins),
        step: figure::median(&commits),
        end: figure::median(&ends),
        bare_commit: figure::median(&bare),
    }
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let done = work.await;
    (done, begun.elapsed())
}

async fn read(store: &Store, session: &Session) {
    let (account, agent) = (&session.account_id, &session.agent_id);
    let found = store.default_session(account, agent, &session.peer, &session.channel);
    assert_eq!(found.await.unwrap().unwrap().id, session.id);
    let owner = SecretOwner::Agent(agent);
    store.secrets(account, owner).await.unwrap();
    let said = store.conversation(session, None, 200, 400_000).await;
    assert!(said.unwrap().is_empty());
}

async fn begin(store: &Store, session: &Session) -> Run {
    let new = NewRun {
        agent_id: session.agent_id.clone(),
        session_id: session.id.clone(),
        request: json!({ "context": null }),
        message: NewMessage::text("Say hello."),
    };
    let run = store.create_run(&session.account_id, new).await;
    run.unwrap().unwrap()
}

fn new_step(seq: i64, step: &Step) -> NewStep {
    NewStep {
        seq,
        kind: step.kind.clone(),
        body: step.body.clone(),
    }
}

fn end(seq: i64, last: &Step) -> RunEnd {
    RunEnd {
        status: RunStatus::Completed,
        stop_reason: "end_turn".to_owned(),
        error: None,
        message: Some(NewMessage::text("It says hello.")),
        step: new_step(seq, last),
    }
}
