//! Reads that are bounded in bytes, and large writes that let others pass.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use serde_json::json;
use skillgate_store::{History, NewStep, Store, StoreError};

use super::given::{a_run, an_account, an_agent, end, new_agent, new_run, new_version};

pub(super) async fn runs_and_histories_are_read_in_pages(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let run = a_run(store, &account, &agent).await?;
    for seq in 0..6 {
        let kind = if seq % 2 == 0 {
            "tool_begun"
        } else {
            "tool_ended"
        };
        let step = NewStep {
            seq,
            kind: kind.into(),
            body: json!("x".repeat(98)), // a hundred bytes as JSON
        };
        store.append_step(&run.id, &step).await?;
    }
    let seqs = |page: &skillgate_store::StepPage| -> Vec<i64> {
        page.steps.iter().map(|step| step.seq).collect()
    };
    let first = store.steps_after(&account, &run.id, -1, 250).await?;
    assert_eq!((seqs(&first), first.truncated), (vec![0, 1], true));
    let rest = store.steps_after(&account, &run.id, 1, 400).await?;
    assert_eq!((seqs(&rest), rest.truncated), (vec![2, 3, 4, 5], false));
    let ends = store.tool_ends_after(&account, &run.id, -1, 200).await?;
    assert_eq!((seqs(&ends), ends.truncated), (vec![1, 3], true));
    let ends = store.tool_ends_after(&account, &run.id, 3, 200).await?;
    assert_eq!((seqs(&ends), ends.truncated), (vec![5], false));
    let one = store.steps_after(&account, &run.id, -1, 50).await?;
    assert_eq!(
        (seqs(&one), one.truncated),
        (vec![0], true),
        "a step that is larger than a page is a page of its own"
    );
    let theirs = store.steps_after(&other, &run.id, -1, 250).await?;
    assert_eq!((seqs(&theirs), theirs.truncated), (vec![], false));

    let session = store
        .default_session(&account, &agent, "bob", "api")
        .await?;
    let session = session.unwrap();
    for said in ["one", "three", "five"] {
        let run = store.create_run(&account, new_run(&session, said)).await?;
        store.finish_run(&run.unwrap(), end(0, "ok")).await?;
    }
    let query = |session| History {
        session,
        since: None,
        limit: 50,
    };
    for (of, total) in [(Some(session.id.as_str()), 6), (None, 7)] {
        let page = store.said(&account, &agent, query(of), 13).await?;
        let texts: Vec<&str> = page
            .items
            .iter()
            .map(|said| said.content.as_str())
            .collect();
        assert_eq!(
            (texts, page.total),
            (vec!["three", "ok", "five", "ok"], total)
        );
    }
    assert_eq!(store.said(&other, &agent, query(None), 13).await?.total, 0);
    Ok(())
}

/// A small write that comes while many large ones wait is not behind them all.
pub(super) async fn large_writes_let_small_ones_pass(store: &Store) -> Result<(), StoreError> {
    const LARGE: usize = 8;
    let account = an_account(store).await?;
    let package = vec![7; 8 << 20];
    let written = AtomicUsize::new(0);
    let large = async |number: usize| {
        let new = new_version(&format!("large-{number}"), "1.0.0", &[1]);
        let new = skillgate_store::NewVersion {
            package: package.clone(),
            ..new
        };
        store.publish_version(&account, new).await.unwrap();
        written.fetch_add(1, Ordering::SeqCst);
    };
    let small = async {
        store
            .create_agent(&account, new_agent("Small"))
            .await
            .unwrap();
        written.load(Ordering::SeqCst)
    };
    // In this order, so that all large ones stand in line when the small one comes.
    let (_, before) = tokio::join!(join_all((0..LARGE).map(large)), small);
    assert!(
        before <= 2,
        "{before} large writes went before the small one"
    );
    Ok(())
}
