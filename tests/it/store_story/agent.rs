//! Agents, from their making to their end.

use serde_json::json;
use skillgate_store::{AgentError, AgentStatus, Store, StoreError};

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
        (vec![second.clone()], 2),
        "newest first, even within a microsecond"
    );
    assert_eq!(
        store.list_agents(&account, 10, 1).await?.items,
        std::slice::from_ref(&first)
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
    let to_start = store.agents_to_start().await?;
    assert!(to_start.contains(&failed) && !to_start.contains(&stop));
    let started = store
        .set_agent_status(&account, &second.id, AgentStatus::Running, None)
        .await?
        .unwrap();
    assert_eq!((started.last_error, started.started_at), (None, Some(at)));
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
