//! Grants.

use serde_json::{Value, json};
use skillgate_store::{GrantMode, NewGrant, Store, StoreError, Timestamp};

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
