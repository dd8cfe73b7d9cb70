//! The pool of an account, and its agents.

use serde_json::json;
use skillgate_store::{
    AssignmentChange, AssignmentSettings, NewAssignment, PoolFilter, Source, Store, StoreError,
};

use super::given::{an_account, an_agent, assignment_of, new_version};

const ALL: PoolFilter<'static> = PoolFilter {
    status: None,
    category: None,
    limit: 10,
};

pub(super) async fn a_pool_is_an_accounts_own(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let published = store
        .publish_version(&account, new_version("pooled", "1.0.0", b"pooled"))
        .await?;
    let skill = &published.skill.id;
    let settings = AssignmentSettings {
        config: json!({ "a": 1 }),
        priority: 7,
    };
    let new = NewAssignment {
        settings,
        ..assignment_of(&published, json!({}))
    };
    let assigned = store.install_skill(&account, &agent, new).await?.unwrap();
    assert_eq!(
        (assigned.config, assigned.priority, assigned.is_own),
        (json!({ "a": 1 }), 7, true)
    );

    let pool = store.list_pool(&account, ALL).await?;
    let listed = &pool.items[0];
    assert_eq!((pool.total, &listed.id), (1, skill));
    assert_eq!(
        (listed.assigned_agents, listed.source, &listed.tool_names),
        (1, Source::Own, &vec!["evaluate".to_owned()])
    );
    let archived = PoolFilter {
        status: Some("archived"),
        ..ALL
    };
    assert_eq!(store.list_pool(&account, archived).await?.total, 0);
    assert_eq!(store.list_pool(&other, ALL).await?.items, []);
    assert!(store.get_pool_skill(&account, "pooled").await?.is_some());
    assert!(store.get_pool_skill(&other, skill).await?.is_none());
    assert_eq!(store.list_assigned_agents(&account, skill).await?.len(), 1);
    assert_eq!(store.list_assigned_agents(&other, skill).await?, []);
    assert_eq!(store.list_assigned_skills(&other, &agent).await?, []);

    let off = AssignmentChange {
        is_enabled: Some(false),
        ..AssignmentChange::default()
    };
    let foreign = store.change_assignment(&other, &agent, skill, off.clone());
    assert!(!foreign.await?, "another's agent");
    assert!(
        store
            .change_assignment(&account, &agent, skill, off)
            .await?
    );
    let changed = &store.list_assigned_skills(&account, &agent).await?[0];
    assert_eq!(
        (changed.is_enabled, &changed.config, changed.priority),
        (false, &json!({ "a": 1 }), 7)
    );
    Ok(())
}
