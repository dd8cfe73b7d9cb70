//! Grants.

use serde_json::{Value, json};
use skillgate_store::{
    GrantChange, GrantFilter, GrantMode, NewGrant, Store, StoreError, Timestamp,
};

use super::given::{an_account, an_agent, assignment_of, new_version, permissions};
use super::{Clock, SECOND};

pub(super) async fn grants_narrow_and_end(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let published = store
        .publish_version(&account, new_version("fetch", "1.0.0", b"fetch"))
        .await?;
    let key = published.version.publisher_key_id.clone();
    store
        .install_skill(
            &account,
            &agent,
            assignment_of(&published, json!({"config": ["A"]})),
        )
        .await?
        .unwrap();
    let effective = async |signer: Option<&str>| {
        let grant = store
            .effective_grant(&account, &agent, &published.skill.id, signer)
            .await
            .unwrap();
        grant.map(|grant| serde_json::to_value(grant.permissions).unwrap())
    };
    let grant = |agent: Option<&str>, allowed: Value, expires_at: Option<Timestamp>| NewGrant {
        agent_id: agent.map(Into::into),
        skill_id: published.skill.id.clone(),
        publisher_key_id: key.clone(),
        permissions: permissions(allowed),
        mode: GrantMode::Allow,
        granted_by: "a key".into(),
        expires_at,
    };
    assert!(
        store
            .create_grant(&other, grant(None, json!({}), None))
            .await?
            .is_none(),
        "another's skill"
    );
    let foreign = an_agent(store, &other).await?;
    assert!(
        store
            .create_grant(&account, grant(Some(&foreign), json!({}), None))
            .await?
            .is_none()
    );

    let allowed = async || effective(key.as_deref()).await;
    store
        .create_grant(&account, grant(None, json!({"config": ["ALL"]}), None))
        .await?
        .unwrap();
    assert_eq!(
        allowed().await,
        Some(json!({"config": ["A"]})),
        "the agent's own goes before the account's"
    );
    let soon = Some(clock.advance(SECOND));
    store
        .create_grant(
            &account,
            grant(Some(&agent), json!({"config": ["OLD"]}), soon),
        )
        .await?
        .unwrap();
    assert_eq!(
        allowed().await,
        Some(json!({"config": ["A"]})),
        "one that has expired is none"
    );
    let later = Some(Timestamp::from_micros(
        clock.advance(0).as_micros() + SECOND,
    ));
    let id = store
        .create_grant(
            &account,
            grant(Some(&agent), json!({"config": ["B"]}), later),
        )
        .await?
        .unwrap();
    assert_eq!(
        allowed().await,
        Some(json!({"config": ["B"]})),
        "a newer one goes before an older"
    );
    assert_eq!(effective(Some("another signer")).await, None);
    assert_eq!(effective(None).await, None);

    assert!(!store.revoke_grant(&other, &id).await?);
    assert!(store.revoke_grant(&account, &id).await?);
    assert_eq!(allowed().await, Some(json!({"config": ["A"]})));
    store
        .uninstall_skill(&account, &agent, &published.skill.id)
        .await?;
    assert_eq!(
        allowed().await,
        Some(json!({"config": ["ALL"]})),
        "the account's own stays"
    );
    Ok(())
}

pub(super) async fn grants_are_listed_and_changed(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let (agent, second) = (
        an_agent(store, &account).await?,
        an_agent(store, &account).await?,
    );
    let published = store
        .publish_version(&account, new_version("fetch", "1.0.0", b"fetch"))
        .await?;
    let version = &published.version.id;
    for agent in [&agent, &second] {
        let assignment = assignment_of(&published, json!({"config": ["A", "B"]}));
        store
            .install_skill(&account, agent, assignment)
            .await?
            .unwrap();
    }
    let listed = async |agent: Option<&str>, skill: Option<&str>| {
        let filter = GrantFilter { agent, skill };
        store.list_grants(&account, filter, 10, 0).await.unwrap()
    };
    let all = listed(None, None).await;
    assert_eq!((all.items.len(), all.total), (2, 2));
    assert_eq!(
        all.items[0].grant.agent_id.as_deref(),
        Some(&*second),
        "newest first"
    );
    let id = published.skill.id.as_str();
    for skill in ["fetch", id] {
        let of_skill = listed(Some(&agent), Some(skill)).await;
        assert_eq!(
            (of_skill.total, &*of_skill.items[0].skill_name),
            (1, "fetch")
        );
    }
    assert_eq!(listed(None, Some("other")).await.total, 0);
    let part = store
        .list_grants(&account, GrantFilter::default(), 1, 1)
        .await?;
    assert_eq!(
        (part.items[0].grant.agent_id.as_deref(), part.total),
        (Some(&*agent), 2)
    );

    let grant = part.items[0].grant.clone();
    assert!(store.get_grant(&other, &grant.id).await?.is_none());
    let change = GrantChange {
        from: grant.permissions.clone(),
        permissions: permissions(json!({"config": ["A"]})),
        mode: GrantMode::Ask,
        expires_at: Some(Timestamp::from_micros(
            clock.advance(0).as_micros() + SECOND,
        )),
    };
    assert!(!store.change_grant(&other, &grant.id, &change).await?);
    assert!(store.change_grant(&account, &grant.id, &change).await?);
    assert!(
        !store.change_grant(&account, &grant.id, &change).await?,
        "decided for other permissions"
    );
    let changed = store.grant_of_version(&account, &agent, version).await?;
    let changed = changed.unwrap();
    assert_eq!(changed.permissions, permissions(json!({"config": ["A"]})));
    assert_eq!(
        (changed.mode, changed.expires_at),
        (change.mode, change.expires_at)
    );
    assert!(
        store
            .grant_of_version(&other, &agent, version)
            .await?
            .is_none()
    );
    clock.advance(2 * SECOND);
    assert!(
        store
            .grant_of_version(&account, &agent, version)
            .await?
            .is_none()
    );
    let again = GrantChange {
        from: changed.permissions,
        ..change
    };
    assert!(
        !store.change_grant(&account, &grant.id, &again).await?,
        "expired"
    );

    let grant = &all.items[0].grant;
    assert!(store.revoke_grant(&account, &grant.id).await?);
    let revoked = store.get_grant(&account, &grant.id).await?.unwrap();
    assert!(revoked.grant.revoked_at.is_some());
    assert!(
        store
            .grant_of_version(&account, &second, version)
            .await?
            .is_none()
    );
    Ok(())
}
