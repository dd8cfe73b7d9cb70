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

pub(super) async fn runs_are_listed_newest_first(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let session = store
        .default_session(&account, &agent, "ada", "api")
        .await?;
    let session = session.unwrap();
    let mut runs = Vec::new();
    // Two of them at the same moment.
    for later in [0, SECOND, 0] {
        clock.advance(later);
        let run = store.create_run(&account, new_run(&session, "hi")).await?;
        runs.push(run.unwrap());
    }
    runs.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let ids = |page: &skillgate_store::RunPage| {
        let ids = page.items.iter().map(|run| run.id.clone());
        ids.collect::<Vec<_>>()
    };
    let all = store.list_runs(&account, &agent, None, 10).await?;
    assert_eq!((all.total, all.offset), (3, 0));
    assert_eq!(ids(&all), [&*runs[0].id, &*runs[1].id, &*runs[2].id]);
    let newest = Some((runs[0].created_at, runs[0].id.clone()));
    let next = store.list_runs(&account, &agent, newest, 1).await?;
    assert_eq!((next.total, next.offset), (3, 1));
    assert_eq!(ids(&next), [&*runs[1].id]);
    let none = store.list_runs(&other, &agent, None, 10).await?;
    assert_eq!((none.total, none.items.len()), (0, 0));
    Ok(())
}

pub(super) async fn what_waits_for_its_turn_was_not_said_yet(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let agent = an_agent(store, &account).await?;
    let session = store
        .default_session(&account, &agent, "ada", "api")
        .await?;
    let session = session.unwrap();
    let first = store.create_run(&account, new_run(&session, "one")).await?;
    clock.advance(SECOND);
    let second = store.create_run(&account, new_run(&session, "two")).await?;
    let (first, second) = (first.unwrap(), second.unwrap());
    let said = async |run: Option<&str>| {
        let messages = store.conversation(&session, run, 10, 1 << 20).await?;
        let texts = messages.into_iter().map(|message| message.content);
        Ok::<Vec<String>, StoreError>(texts.collect())
    };
    assert_eq!(said(None).await?, Vec::<String>::new());
    assert_eq!(said(Some(&first.id)).await?, ["one"]);
    store.finish_run(&first, end(0, "first")).await?;
    assert_eq!(said(None).await?, ["one", "first"]);
    assert_eq!(said(Some(&second.id)).await?, ["one", "two", "first"]);
    Ok(())
}

pub(super) async fn the_step_before_a_place_is_no_request(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let session = store
        .default_session(&account, &agent, "ada", "api")
        .await?;
    let run = store
        .create_run(&account, new_run(&session.unwrap(), "hi"))
        .await?
        .unwrap();
    for (seq, kind) in (0..).zip(["model_request", "model_answer", "model_request"]) {
        let kind = kind.to_owned();
        let step = skillgate_store::NewStep { kind, ..step(seq) };
        store.append_step(&run.id, &step).await?;
    }
    let before = async |account: &str, seq: i64| {
        let step = store.step_before(account, &run.id, seq).await?;
        Ok::<_, StoreError>(step.map(|step| step.seq))
    };
    assert_eq!(before(&account, 3).await?, Some(1));
    assert_eq!(before(&account, 1).await?, None);
    assert_eq!(before(&other, 3).await?, None);
    Ok(())
}
