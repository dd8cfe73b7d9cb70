//! Runs and their journals.

use skillgate_store::{RunEnd, RunStatus, Store, StoreError};

use super::given::{an_account, an_agent, end, new_run, step};
use super::{Clock, SECOND};

pub(super) async fn runs_are_journalled(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let session = store
        .default_session(&account, &agent, "ada", "api")
        .await?
        .unwrap();
    assert!(
        store
            .create_run(&other, new_run(&session, "hi"))
            .await?
            .is_none()
    );
    let mut elsewhere = session.clone();
    elsewhere.agent_id = an_agent(store, &account).await?;
    assert!(
        store
            .create_run(&account, new_run(&elsewhere, "hi"))
            .await?
            .is_none(),
        "another agent's session"
    );

    let run = store
        .create_run(&account, new_run(&session, "hi"))
        .await?
        .unwrap();
    assert_eq!(store.get_run(&account, &run.id).await?.unwrap(), run);
    assert!(store.get_run(&other, &run.id).await?.is_none());
    assert!(store.unfinished_runs().await?.contains(&run));

    store.append_step(&run.id, &step(0)).await?;
    store.append_step(&run.id, &step(1)).await?;
    assert!(matches!(
        store.append_step(&run.id, &step(1)).await,
        Err(StoreError::Conflict(_))
    ));
    assert!(matches!(
        store.append_step("run_none", &step(0)).await,
        Err(StoreError::Conflict(_))
    ));

    clock.advance(SECOND);
    assert!(
        matches!(
            store.finish_run(&run, end(1, "lost")).await,
            Err(StoreError::Conflict(_))
        ),
        "its step is taken"
    );
    assert!(
        store.unfinished_runs().await?.contains(&run),
        "then nothing of it happened"
    );
    store.finish_run(&run, end(2, "hello")).await?;
    assert!(matches!(
        store.finish_run(&run, end(3, "twice")).await,
        Err(StoreError::Conflict(_))
    ));

    let ended = store.get_run(&account, &run.id).await?.unwrap();
    assert_eq!(
        (ended.status, ended.stop_reason.as_deref()),
        (RunStatus::Completed, Some("end_turn"))
    );
    assert_eq!(ended.ended_at, Some(clock.advance(0)));
    assert!(
        store
            .unfinished_runs()
            .await?
            .iter()
            .all(|unfinished| unfinished.id != run.id)
    );
    let steps = store.steps(&account, &run.id).await?;
    assert_eq!(
        steps.iter().map(|step| step.seq).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(steps[0].body, step(0).body);
    assert!(store.steps(&other, &run.id).await?.is_empty());

    let failed = store
        .create_run(&account, new_run(&session, "again"))
        .await?
        .unwrap();
    let error = Some(("provider_error".to_owned(), "cut off\0".to_owned()));
    let end = RunEnd {
        status: RunStatus::Failed,
        stop_reason: "error".into(),
        error,
        message: None,
        step: step(0),
    };
    store.finish_run(&failed, end).await?;
    let failed = store.get_run(&account, &failed.id).await?.unwrap();
    assert_eq!(failed.error_code.as_deref(), Some("provider_error"));
    assert_eq!(
        failed.error_message.as_deref(),
        Some("cut off\u{FFFD}"),
        "NUL does not stop a journal"
    );
    Ok(())
}
