//! Accounts: the first one.

use serde_json::json;
use skillgate_store::{AccountChanges, NewApiKey, Store, StoreConfig, StoreError};

use super::master_key;

/// Several processes open a new database at the same moment; one account comes of it.
pub(super) async fn several_start_at_once(url: &str) {
    let starts = (0..4).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move {
            let store = Store::open(StoreConfig::new(url, master_key()))
                .await
                .unwrap();
            let first = store
                .bootstrap("First", NewApiKey::default())
                .await
                .unwrap();
            store.close().await;
            first
        })
    });
    let mut first = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        first.extend(start.await.unwrap());
    }
    assert_eq!(first.len(), 1, "exactly one start makes the account");
    let store = Store::open(StoreConfig::new(url, master_key()))
        .await
        .unwrap();
    assert!(!store.accounts_empty().await.unwrap());
    assert_eq!(store.first_account().await.unwrap().unwrap(), first[0].0);
    let found = store
        .find_api_key(first[0].1.plaintext.expose())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.account_id, first[0].0.id);
    store.close().await;
}

pub(super) async fn plans_and_limits_are_the_operators(store: &Store) -> Result<(), StoreError> {
    let plain = store.create_account("Plain").await?;
    assert_eq!(
        (plain.plan.as_str(), plain.max_agents, plain.allows_swarms),
        ("Self-hosted", None, true)
    );
    let pro = AccountChanges {
        plan: Some("Pro".into()),
        max_agents: Some(Some(10)),
        ..AccountChanges::default()
    };
    let made = store.create_account_with("Acme", pro).await?;
    assert_eq!((made.plan.as_str(), made.max_agents), ("Pro", Some(10)));
    let changes = AccountChanges {
        name: Some("Acme Inc.".into()),
        max_agents: Some(None),
        max_skills_per_agent: Some(Some(20)),
        allows_swarms: Some(false),
        ..AccountChanges::default()
    };
    let changed = store.set_account(&made.id, changes).await?.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.plan.as_str()),
        ("Acme Inc.", "Pro")
    );
    assert_eq!(
        (changed.max_agents, changed.max_skills_per_agent),
        (None, Some(20))
    );
    assert!(!changed.allows_swarms);
    assert_eq!(store.get_account(&made.id).await?, Some(changed));
    let nothing = AccountChanges::default();
    assert_eq!(store.set_account("acct_absent", nothing).await?, None);
    let ids: Vec<String> = store
        .list_accounts()
        .await?
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert!(ids.contains(&plain.id) && ids.contains(&made.id));

    let tiers = json!({ "low": ["demo/demo"] });
    assert!(store.set_model_tiers(&made.id, &tiers).await?);
    assert!(!store.set_model_tiers("acct_absent", &tiers).await?);
    assert_eq!(
        store.get_account(&made.id).await?.unwrap().model_tiers,
        tiers
    );
    assert_eq!(
        store.get_account(&plain.id).await?.unwrap().model_tiers,
        json!({})
    );
    Ok(())
}
