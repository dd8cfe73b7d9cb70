//! Rules of agents.

use futures::future::join_all;
use skillgate_store::{AgentRule, AgentStatus, NewAgentRule, Store, StoreError};

use super::given::{an_account, an_agent};

fn rule<'a>(name: &'a str, content: &'a str, most: i64) -> NewAgentRule<'a> {
    NewAgentRule {
        name,
        content,
        most,
    }
}

pub(super) async fn rules_belong_to_agents(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let put = async |name: &str, content: &str| {
        store
            .put_rule(&account, &agent, rule(name, content, 3))
            .await
    };
    let needs_restart = async || {
        let agent = store.get_agent(&account, &agent).await;
        agent.map(|agent| agent.unwrap().needs_restart)
    };
    assert_eq!(store.delete_rule(&account, &agent, "none").await?, None);
    assert!(!needs_restart().await?, "nothing was changed");
    for (name, content) in [("b", "é"), ("a_1", ""), ("B", "# B"), ("b", "twelve bytes")] {
        assert_eq!(put(name, content).await?, Some(true));
    }
    assert!(needs_restart().await?);
    let listed = store.list_rules(&account, &agent).await?;
    let item = |name: &str, size| AgentRule {
        name: name.into(),
        size,
    };
    assert_eq!(listed, [item("B", 3), item("a_1", 0), item("b", 12)]);
    let text = store.get_rule(&account, &agent, "b").await?;
    assert_eq!(text.as_deref(), Some("twelve bytes"));
    assert!(matches!(
        put("c", "").await,
        Err(StoreError::LimitReached(_))
    ));
    assert_eq!(store.list_rules(&account, &agent).await?.len(), 3);
    assert_eq!(
        put("b", "changed").await?,
        Some(true),
        "it is there already"
    );

    assert_eq!(
        store.put_rule(&other, &agent, rule("x", "", 3)).await?,
        None
    );
    assert_eq!(store.delete_rule(&other, &agent, "b").await?, None);
    assert_eq!(store.get_rule(&other, &agent, "b").await?, None);
    assert!(store.list_rules(&other, &agent).await?.is_empty());

    let stopped = AgentStatus::Stopped;
    store
        .set_agent_status(&account, &agent, stopped, None)
        .await?;
    assert_eq!(store.delete_rule(&account, &agent, "b").await?, Some(false));
    assert_eq!(store.get_rule(&account, &agent, "b").await?, None);
    assert_eq!(put("b", "").await?, Some(false));
    Ok(())
}

/// The limit holds however many make rules at once, and nobody waits in a circle with whoever deletes the agent.
pub(super) async fn rules_made_at_the_same_time_are_counted(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let agent = an_agent(store, &account).await?;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let put = |name| store.put_rule(&account, &agent, rule(name, "text", 3));
    let made = join_all(names.map(put)).await;
    assert_eq!(made.iter().filter(|one| one.is_ok()).count(), 3);
    assert_eq!(store.list_rules(&account, &agent).await?.len(), 3);
    let (made, deleted) = tokio::join!(
        join_all(names.map(put)),
        store.delete_agent(&account, &agent)
    );
    assert!(deleted?);
    let is_expected = |one: &Result<_, _>| matches!(one, Ok(_) | Err(StoreError::LimitReached(_)));
    assert!(made.iter().all(is_expected), "{made:?}");
    assert!(store.list_rules(&account, &agent).await?.is_empty());
    Ok(())
}
