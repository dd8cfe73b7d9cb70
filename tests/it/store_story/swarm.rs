//! Swarms: named once, with credentials, left by their agents.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use skillgate_store::{
    NewAgent, NewSwarm, SecretChanges, SecretOwner, SecretText, Store, StoreError, Swarm,
    SwarmChanges,
};

use super::given::{an_account, an_agent, new_agent};
use super::{Clock, SECOND};

fn new_swarm(slug: &str) -> NewSwarm {
    NewSwarm {
        name: slug.to_uppercase(),
        slug: slug.into(),
        description: None,
        icon: None,
        max_swarms: i64::MAX,
    }
}

async fn an_agent_in(store: &Store, account: &str, swarm: &Swarm) -> Result<String, StoreError> {
    let new = NewAgent {
        swarm: Some(swarm.clone()),
        ..new_agent("Member")
    };
    Ok(store.create_agent(account, new).await?.id)
}

fn credentials(set: &[(&str, &str)], delete: &[&str]) -> SecretChanges {
    let set = set.iter();
    SecretChanges {
        set: set
            .map(|(name, value)| ((*name).to_owned(), SecretText::new(*value)))
            .collect(),
        delete: delete.iter().map(|name| (*name).to_owned()).collect(),
        ..SecretChanges::default()
    }
}

pub(super) async fn slugs_and_limits_hold_for_several_at_once(store: &Store) {
    let account = an_account(store).await.unwrap();
    let made = (0..10).map(|_| store.create_swarm(&account, new_swarm("growth")));
    let made = join_all(made).await.into_iter();
    let slugs: BTreeSet<String> = made.map(|swarm| swarm.unwrap().slug).collect();
    let numbered = (2..=10).map(|number| format!("growth-{number}"));
    let expected: BTreeSet<String> = numbered.chain(["growth".to_owned()]).collect();
    assert_eq!(slugs, expected);

    let account = an_account(store).await.unwrap();
    let new = || NewSwarm {
        max_swarms: 3,
        ..new_swarm("sales")
    };
    let made = join_all((0..8).map(|_| store.create_swarm(&account, new()))).await;
    assert_eq!(made.iter().filter(|swarm| swarm.is_ok()).count(), 3);
    assert!(
        made.iter()
            .flat_map(|swarm| swarm.as_ref().err())
            .all(is_limit)
    );

    let new = || NewAgent {
        max_agents: 3,
        ..new_agent("Demo")
    };
    let made = join_all((0..8).map(|_| store.create_agent(&account, new()))).await;
    assert_eq!(made.iter().filter(|agent| agent.is_ok()).count(), 3);
    assert!(
        made.iter()
            .flat_map(|agent| agent.as_ref().err())
            .all(is_limit)
    );
    assert_eq!(store.count_agents(&account).await.unwrap().total, 3);
}

fn is_limit(error: &StoreError) -> bool {
    matches!(error, StoreError::LimitReached(_))
}

pub(super) async fn swarms_live_and_die(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let first = store.create_swarm(&account, new_swarm("growth")).await?;
    // A slug that only looks like a numbered one, and one of another account, take nothing away.
    store
        .create_swarm(&account, new_swarm("growth-team"))
        .await?;
    assert_eq!(
        store.create_swarm(&other, new_swarm("growth")).await?.slug,
        "growth"
    );
    let later = clock.advance(SECOND);
    let second = store.create_swarm(&account, new_swarm("growth")).await?;
    assert_eq!(second.slug, "growth-2");
    let listed = store.list_swarms(&account).await?;
    let slugs: Vec<&str> = listed.iter().map(|swarm| swarm.slug.as_str()).collect();
    assert_eq!(slugs, ["growth-2", "growth-team", "growth"], "newest first");

    let agent = an_agent_in(store, &account, &first).await?;
    let found = store.get_agent(&account, &agent).await?.unwrap();
    let shown = found.swarm().unwrap();
    assert_eq!(
        (shown.id, shown.name, shown.slug),
        (&*first.id, "GROWTH", "growth")
    );
    let page = store.list_agents(&account, 10, 0).await?;
    assert_eq!(page.items[0].swarm(), found.swarm());
    assert_eq!(
        store
            .get_swarm(&account, &first.id)
            .await?
            .unwrap()
            .agent_count,
        1
    );
    assert_eq!(store.swarm_agents(&account, &first.id).await?[0].id, agent);
    assert!(store.swarm_agents(&other, &first.id).await?.is_empty());

    let changes = SwarmChanges {
        name: Some("Growth Team".into()),
        description: Some(Some("All of it.".into())),
        icon: None,
    };
    assert_eq!(
        store
            .update_swarm(&other, &first.id, changes.clone())
            .await?,
        None
    );
    let changed = store
        .update_swarm(&account, &first.id, changes)
        .await?
        .unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.slug.as_str()),
        ("Growth Team", "growth")
    );
    assert_eq!(
        (changed.created_at, changed.updated_at),
        (first.created_at, later)
    );
    let cleared = SwarmChanges {
        description: Some(None),
        ..SwarmChanges::default()
    };
    let cleared = store
        .update_swarm(&account, &first.id, cleared)
        .await?
        .unwrap();
    assert_eq!(
        (cleared.name.as_str(), cleared.description),
        ("Growth Team", None)
    );

    let owner = SecretOwner::Swarm(&first.id);
    let set = credentials(
        &[("openai_api_key", "sk-1"), ("anthropic_api_key", "sk-2")],
        &[],
    );
    assert!(!store.set_secrets(&other, owner, &set).await?);
    assert!(store.set_secrets(&account, owner, &set).await?);
    let set = credentials(&[("anthropic_api_key", "sk-3")], &["openai_api_key"]);
    assert!(store.set_secrets(&account, owner, &set).await?);
    let kept = store.secrets(&account, owner).await?;
    let expected = BTreeMap::from([("anthropic_api_key".to_owned(), SecretText::new("sk-3"))]);
    assert_eq!(kept, expected);
    assert_eq!(
        store.secret_names(&account, owner).await?,
        ["anthropic_api_key"]
    );
    assert!(store.secrets(&other, owner).await?.is_empty());
    assert!(
        store
            .secrets(&account, SecretOwner::Swarm(&second.id))
            .await?
            .is_empty()
    );

    assert!(!store.delete_swarm(&other, &first.id).await?);
    assert_eq!(
        store
            .get_swarm(&account, &first.id)
            .await?
            .unwrap()
            .agent_count,
        1
    );
    assert!(store.delete_swarm(&account, &first.id).await?);
    assert!(!store.delete_swarm(&account, &first.id).await?);
    assert!(store.secrets(&account, owner).await?.is_empty());
    let left = store.get_agent(&account, &agent).await?.unwrap();
    assert_eq!((left.swarm(), left.swarm_id.as_ref()), (None, None));
    let gone = an_agent_in(store, &account, &first).await;
    assert!(matches!(gone, Err(StoreError::Conflict(_))), "{gone:?}");
    Ok(())
}

/// Agents join while their swarm is deleted: whoever comes too late is told so.
pub(super) async fn deleting_a_swarm_waits_for_nobody_in_a_circle(
    store: &Store,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    for _ in 0..20 {
        let swarm = store.create_swarm(&account, new_swarm("short")).await?;
        let there = an_agent_in(store, &account, &swarm).await?;
        let outside = an_agent(store, &account).await?;
        let (joined, renamed, stopped, deleted) = tokio::join!(
            an_agent_in(store, &account, &swarm),
            store.mark_agent_for_restart(&account, &there),
            store.delete_agent(&account, &outside),
            store.delete_swarm(&account, &swarm.id),
        );
        assert!(renamed? && stopped? && deleted?);
        assert!(
            matches!(joined, Ok(_) | Err(StoreError::Conflict(_))),
            "{joined:?}"
        );
        let left = store.get_agent(&account, &there).await?.unwrap();
        assert_eq!(left.swarm_id, None);
        store.delete_agent(&account, &there).await?;
    }
    Ok(())
}
