//! Agents, from their making to their end.

use futures::future::join_all;
use serde_json::json;
use skillgate_store::{
    Agent, AgentError, AgentStatus, AgentSummary, HeldSecrets, Store, StoreError,
};

use super::given::{an_account, new_agent};
use super::{Clock, SECOND};

pub(super) async fn agents_live_and_die(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let first = store.create_agent(&account, new_agent("First")).await?;
    let second = store.create_agent(&account, new_agent("Second")).await?;
    assert_eq!(store.get_agent(&account, &first.id).await?.unwrap(), first);
    assert_eq!(first.config, json!({"llmProvider": "demo"}));
    let page = store.list_agents(&account, 1, 0).await?;
    assert_eq!(
        (page.items, page.total),
        (vec![summary(&second)], 2),
        "newest first, even within a microsecond"
    );
    assert_eq!(
        store.list_agents(&account, 10, 1).await?.items,
        [summary(&first)]
    );

    assert!(store.get_agent(&other, &first.id).await?.is_none());
    assert_eq!(store.list_agents(&other, 10, 0).await?.total, 0);
    assert!(!store.delete_agent(&other, &first.id).await?);

    let at = clock.advance(SECOND);
    let stop = store
        .set_agent_status(&account, &first.id, AgentStatus::Stopped, None)
        .await?
        .unwrap();
    assert_eq!(
        (stop.status, stop.started_at, stop.stopped_at),
        (AgentStatus::Stopped, first.started_at, Some(at))
    );
    let error = AgentError {
        category: "skill".into(),
        message: "signature".into(),
    };
    let failed = store
        .set_agent_status(&account, &second.id, AgentStatus::Error, Some(error))
        .await?
        .unwrap();
    assert_eq!(
        (
            failed.error_category.as_deref(),
            failed.last_error.as_deref()
        ),
        (Some("skill"), Some("signature"))
    );
    let counts = store.count_agents(&account).await?;
    assert_eq!((counts.total, counts.running), (2, 0));
    let to_start = to_start(store).await?;
    assert!(to_start.contains(&failed.id) && !to_start.contains(&stop.id));
    let started = store
        .set_agent_status(&account, &second.id, AgentStatus::Running, None)
        .await?
        .unwrap();
    assert_eq!((started.last_error, started.started_at), (None, Some(at)));
    assert_eq!(store.count_agents(&account).await?.running, 1);
    assert_eq!(store.count_agents(&other).await?.total, 0);
    assert!(
        store
            .set_agent_status(&other, &first.id, AgentStatus::Running, None)
            .await?
            .is_none()
    );

    assert!(store.delete_agent(&account, &first.id).await?);
    assert!(!store.delete_agent(&account, &first.id).await?);
    assert!(store.get_agent(&account, &first.id).await?.is_none());
    assert!(matches!(
        store.create_agent("acct_none", new_agent("Lost")).await,
        Err(StoreError::Conflict(_))
    ));
    Ok(())
}

/// Several change one agent at the same time: each sees what the others have changed, and nothing is lost.
pub(super) async fn changes_at_the_same_time_all_hold(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = store.create_agent(&account, new_agent("Shared")).await?.id;
    let add = |number: usize| {
        let change = move |agent: &mut Agent, _: &HeldSecrets| {
            agent.config[format!("key{number}")] = number.into();
            Ok::<_, StoreError>(())
        };
        store.update_agent(&account, &agent, change)
    };
    for changed in join_all((0..8).map(add)).await {
        assert!(changed?.is_some());
    }
    let changed = store.get_agent(&account, &agent).await?.unwrap();
    assert_eq!(changed.config.as_object().unwrap().len(), 1 + 8);

    let refuse = |agent: &mut Agent, _: &HeldSecrets| {
        agent.name = "Not kept".into();
        Err(StoreError::Invalid("no".into()))
    };
    let refused = store.update_agent(&account, &agent, refuse).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
    let never = |_: &mut Agent, _: &HeldSecrets| -> Result<(), StoreError> { panic!("not theirs") };
    assert!(store.update_agent(&other, &agent, never).await?.is_none());
    assert!(!store.set_workflow(&other, &agent, "theirs").await?);
    assert_eq!(store.get_agent(&account, &agent).await?.unwrap(), changed);
    Ok(())
}

/// The agent as a list shows it.
fn summary(agent: &Agent) -> AgentSummary {
    let agent = agent.clone();
    AgentSummary {
        id: agent.id,
        swarm_id: agent.swarm_id,
        swarm_name: agent.swarm_name,
        swarm_slug: agent.swarm_slug,
        name: agent.name,
        status: agent.status,
        region: agent.region,
        image: agent.image,
        created_at: agent.created_at,
        started_at: agent.started_at,
        stopped_at: agent.stopped_at,
    }
}

/// The ids of all agents that should run, read one by one: each page begins where the last one ended.
async fn to_start(store: &Store) -> Result<Vec<String>, StoreError> {
    let whole = store.agents_to_start(None, 1_000).await?;
    let mut one_by_one = Vec::new();
    while let [next] = &store.agents_to_start(one_by_one.last(), 1).await?[..] {
        one_by_one.push(next.clone());
    }
    assert_eq!(one_by_one, whole);
    Ok(whole.into_iter().map(|agent| agent.id).collect())
}
