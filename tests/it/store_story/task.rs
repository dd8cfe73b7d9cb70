//! Tasks.

use serde_json::{Value, json};
use skillgate_store::{
    AssignmentGrant, Conflict, Decision, GrantMode, Limited, NewAssignment, NewTask, Published,
    Store, StoreError, Task, TaskFilter, TaskKind, TaskLimits, TaskStatus, Timestamp,
};

use super::given::{a_run, an_account, an_agent, assignment_of, new_version, permissions};
use super::{Clock, SECOND};

const LIMITS: TaskLimits = TaskLimits {
    pending_per_agent: 2,
    pending_per_account: 3,
    ended_per_account: 3,
};

fn new_task(agent: &str, key: &str, expires_at: Timestamp) -> NewTask {
    NewTask {
        agent_id: Some(agent.into()),
        run_id: None,
        kind: TaskKind::ToolApproval,
        idempotency_key: key.into(),
        subject: json!({"tool": key}),
        reason: Some("It writes\0.".into()),
        expires_at,
    }
}

fn decision(status: TaskStatus) -> Decision {
    Decision {
        status,
        decided_by: "a key".into(),
        reason: Some("because".into()),
    }
}

fn later(clock: &Clock) -> Timestamp {
    Timestamp::from_micros(clock.advance(0).as_micros() + 60 * SECOND)
}

fn is_limited(made: Result<Option<Task>, StoreError>, of: Limited) -> bool {
    matches!(made, Err(StoreError::LimitReached(limit)) if limit.of == of)
}

async fn create(store: &Store, account: &str, new: NewTask) -> Result<Task, StoreError> {
    Ok(store.create_task(account, new, LIMITS).await?.unwrap())
}

pub(super) async fn tasks_are_decided_once(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let run = a_run(store, &account, &agent).await?;
    let new = NewTask {
        run_id: Some(run.id.clone()),
        ..new_task(&agent, "first", later(clock))
    };
    let foreign = store.create_task(&other, new.clone(), LIMITS).await?;
    assert!(foreign.is_none(), "another's agent");

    let task = create(store, &account, new.clone()).await?;
    assert!(task.id.starts_with("task_"));
    assert_eq!((task.kind, task.status), (new.kind, TaskStatus::Pending));
    assert_eq!(task.subject, json!({"tool": "first"}));
    assert_eq!(task.reason.as_deref(), Some("It writes\u{FFFD}."));
    assert_eq!(task.run_id.as_deref(), Some(&*run.id));
    assert_eq!((task.decided_at, &task.decided_by), (None, &None));
    let again = create(store, &account, new.clone()).await?;
    assert_eq!(again, task, "an equal pending one is reused");
    assert!(store.get_task(&other, &task.id).await?.is_none());
    let denied = decision(TaskStatus::Denied);
    assert!(
        store
            .decide_task(&other, &task.id, &denied)
            .await?
            .is_none()
    );

    let at = clock.advance(SECOND);
    let decided = store.decide_task(&account, &task.id, &denied).await?;
    let decided = decided.unwrap();
    assert_eq!(
        (decided.status, decided.decided_at),
        (TaskStatus::Denied, Some(at))
    );
    assert_eq!(decided.decided_by.as_deref(), Some("a key"));
    assert_eq!(decided.decision_reason.as_deref(), Some("because"));
    for status in [TaskStatus::Approved, TaskStatus::Denied] {
        let decision = decision(status);
        let twice = store.decide_task(&account, &task.id, &decision).await;
        let Err(StoreError::Conflict(why)) = twice else {
            panic!("decided twice")
        };
        assert_eq!(why, Conflict::TaskDecided("denied"));
    }
    let anew = create(store, &account, new).await?;
    assert_ne!(anew.id, task.id, "one that is decided is not reused");

    for _ in 0..10 {
        let task = create(store, &account, new_task(&agent, "race", later(clock))).await?;
        let (approved, denied) = (decision(TaskStatus::Approved), decision(TaskStatus::Denied));
        let (one, two) = tokio::join!(
            store.decide_task(&account, &task.id, &approved),
            store.decide_task(&account, &task.id, &denied)
        );
        let won = match (one, two) {
            (Ok(won), Err(StoreError::Conflict(_))) | (Err(StoreError::Conflict(_)), Ok(won)) => {
                won
            }
            both => panic!("exactly one wins: {both:?}"),
        };
        assert_eq!(store.get_task(&account, &task.id).await?, won);
    }
    store.delete_agent(&account, &agent).await?;
    assert!(store.get_task(&account, &anew.id).await?.is_none());
    Ok(())
}

pub(super) async fn tasks_are_bounded_and_expire(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let (agent, second) = (
        an_agent(store, &account).await?,
        an_agent(store, &account).await?,
    );
    let soon = later(clock);
    let first = create(store, &account, new_task(&agent, "1", soon)).await?;
    create(store, &account, new_task(&agent, "2", soon)).await?;
    let full = store.create_task(&account, new_task(&agent, "3", soon), LIMITS);
    assert!(is_limited(full.await, Limited::PendingTasksOfAgent));
    create(store, &account, new_task(&second, "4", soon)).await?;
    let full = store.create_task(&account, new_task(&second, "5", soon), LIMITS);
    assert!(is_limited(full.await, Limited::PendingTasksOfAccount));

    let listed = async |status: Option<TaskStatus>, agent: Option<&str>| {
        let filter = TaskFilter { status, agent };
        let page = store.list_tasks(&account, filter, 10, 0).await.unwrap();
        let keys = page.items.iter().map(|task| task.subject["tool"].clone());
        (keys.collect::<Vec<Value>>(), page.total)
    };
    assert_eq!(
        listed(None, None).await,
        (vec![json!("4"), json!("2"), json!("1")], 3)
    );
    assert_eq!(listed(None, Some(&second)).await, (vec![json!("4")], 1));
    assert_eq!(listed(Some(TaskStatus::Expired), None).await.1, 0);
    let part = store
        .list_tasks(&account, TaskFilter::default(), 1, 1)
        .await?;
    assert_eq!(
        (part.items[0].subject["tool"].clone(), part.total),
        (json!("2"), 3)
    );

    clock.advance(61 * SECOND);
    assert_eq!(listed(Some(TaskStatus::Pending), None).await.1, 0);
    assert_eq!(listed(Some(TaskStatus::Expired), None).await.1, 3);
    let expired = store.get_task(&account, &first.id).await?.unwrap();
    assert_eq!(expired.status, TaskStatus::Expired);
    let approved = decision(TaskStatus::Approved);
    let late = store.decide_task(&account, &first.id, &approved).await;
    assert!(matches!(late, Err(StoreError::Conflict(Conflict::TaskExpired(at))) if at == soon));
    let anew = create(store, &account, new_task(&agent, "1", later(clock))).await?;
    assert_ne!(anew.id, first.id);
    assert_eq!(anew.status, TaskStatus::Pending);

    for key in ["6", "7"] {
        clock.advance(SECOND);
        let task = create(store, &account, new_task(&second, key, later(clock))).await?;
        let denied = decision(TaskStatus::Denied);
        store.decide_task(&account, &task.id, &denied).await?;
    }
    clock.advance(SECOND);
    create(store, &account, new_task(&second, "8", later(clock))).await?;
    let (kept, _) = listed(None, None).await;
    assert_eq!(
        kept.len(),
        5,
        "two are pending, three ended ones are kept: {kept:?}"
    );
    Ok(())
}

/// Two versions of a skill, the first of them on an agent, and a task to consent to the second.
struct Update {
    account: String,
    agent: String,
    new: Published,
    task: Task,
    consented: NewAssignment,
}

impl Update {
    async fn new(store: &Store, clock: &Clock) -> Result<Self, StoreError> {
        let account = an_account(store).await?;
        let agent = an_agent(store, &account).await?;
        let old = store
            .publish_version(&account, new_version("fetch", "1.0.0", b"old"))
            .await?;
        let new = store
            .publish_version(&account, new_version("fetch", "2.0.0", b"new"))
            .await?;
        let first = NewAssignment {
            mode: GrantMode::Ask,
            ..assignment_of(&old, json!({"config": ["A"]}))
        };
        store.install_skill(&account, &agent, first).await?.unwrap();
        let key = NewTask::consent_key(&agent, &old.skill.id, &old.version.id, &new.version.id);
        let task = NewTask {
            kind: TaskKind::Consent,
            ..new_task(&agent, &key, later(clock))
        };
        let task = create(store, &account, task).await?;
        let consented = NewAssignment {
            grant: AssignmentGrant::Consented {
                permissions: permissions(json!({"config": ["A", "B"]})),
                replaces: old.version.id,
                digest: new.version.digest.clone(),
                publisher_key_id: new.version.publisher_key_id.clone(),
            },
            ..assignment_of(&new, json!({}))
        };
        Ok(Self {
            account,
            agent,
            new,
            task,
            consented,
        })
    }

    async fn approve(&self, store: &Store, new: NewAssignment) -> Result<Option<Task>, StoreError> {
        let approved = decision(TaskStatus::Approved);
        store
            .approve_consent(&self.account, &self.agent, &self.task.id, &approved, new)
            .await
    }

    async fn installed(&self, store: &Store) -> Result<String, StoreError> {
        let there = store.list_assignments(&self.account, &self.agent).await?;
        Ok(there[0].version.clone())
    }

    async fn status(&self, store: &Store) -> Result<TaskStatus, StoreError> {
        let task = store.get_task(&self.account, &self.task.id).await?;
        Ok(task.unwrap().status)
    }
}

pub(super) async fn a_consent_and_what_it_installs_are_one(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let update = Update::new(store, clock).await?;
    for (digest, key) in [("another", Some("ab".repeat(32))), ("", None)] {
        let AssignmentGrant::Consented {
            permissions: granted,
            replaces,
            digest: shown,
            ..
        } = update.consented.grant.clone()
        else {
            unreachable!()
        };
        let moved = NewAssignment {
            grant: AssignmentGrant::Consented {
                permissions: granted,
                replaces,
                digest: if digest.is_empty() {
                    shown
                } else {
                    digest.into()
                },
                publisher_key_id: key,
            },
            ..update.consented.clone()
        };
        let refused = update.approve(store, moved).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict(_))),
            "{refused:?}"
        );
        assert_eq!(update.installed(store).await?, "1.0.0");
        assert_eq!(update.status(store).await?, TaskStatus::Pending);
    }
    let approved = update.approve(store, update.consented.clone()).await?;
    assert_eq!(approved.unwrap().status, TaskStatus::Approved);
    assert_eq!(update.installed(store).await?, "2.0.0");
    let version = &update.new.version.id;
    let grant = store
        .grant_of_version(&update.account, &update.agent, version)
        .await?
        .unwrap();
    assert_eq!(
        grant.permissions,
        permissions(json!({"config": ["A", "B"]}))
    );
    assert_eq!(grant.mode, GrantMode::Ask, "who is asked stays asked");

    for _ in 0..10 {
        let update = Update::new(store, clock).await?;
        let denied = decision(TaskStatus::Denied);
        let (approved, denied) = tokio::join!(
            update.approve(store, update.consented.clone()),
            store.decide_task(&update.account, &update.task.id, &denied)
        );
        let installed = update.installed(store).await?;
        match update.status(store).await? {
            TaskStatus::Approved => {
                assert!(approved.is_ok() && denied.is_err());
                assert_eq!(installed, "2.0.0");
            }
            TaskStatus::Denied => {
                assert!(approved.is_err() && denied.is_ok());
                assert_eq!(installed, "1.0.0");
            }
            status => panic!("undecided: {status}"),
        }
    }

    let update = Update::new(store, clock).await?;
    let direct = assignment_of(&update.new, json!({"config": ["B"]}));
    store
        .install_skill(&update.account, &update.agent, direct)
        .await?
        .unwrap();
    assert_eq!(update.status(store).await?, TaskStatus::Expired);
    let late = update.approve(store, update.consented.clone()).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))));
    Ok(())
}
