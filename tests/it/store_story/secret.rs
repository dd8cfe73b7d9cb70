//! Secrets of agents and other owners.

use std::collections::BTreeMap;

use skillgate_store::{
    NewAgent, SecretChanges, SecretLimits, SecretOwner, SecretText, Store, StoreError,
};

use super::given::{an_account, new_agent, new_version};

pub(super) async fn secrets_are_kept(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let secrets = BTreeMap::from([("anthropicApiKey".to_owned(), SecretText::new("sk-ant-1"))]);
    let agent = store
        .create_agent(
            &account,
            NewAgent {
                secrets,
                ..new_agent("Demo")
            },
        )
        .await?
        .id;
    let value = async |account: &str, name: &str| {
        let secrets = store
            .secrets(account, SecretOwner::Agent(&agent))
            .await
            .unwrap();
        secrets.get(name).map(|value| value.expose().to_owned())
    };
    assert_eq!(
        value(&account, "anthropicApiKey").await.as_deref(),
        Some("sk-ant-1")
    );
    assert_eq!(value(&account, "openaiApiKey").await, None);
    assert_eq!(value(&other, "anthropicApiKey").await, None);
    assert_eq!(
        store
            .secret_names(&account, SecretOwner::Agent(&agent))
            .await?,
        ["anthropicApiKey"]
    );
    assert!(
        store
            .secret_names(&other, SecretOwner::Agent(&agent))
            .await?
            .is_empty()
    );

    let changes = SecretChanges {
        set: BTreeMap::from([
            ("TOKEN".to_owned(), SecretText::new("first")),
            ("anthropicApiKey".to_owned(), SecretText::new("")),
        ]),
        delete: vec!["never there".into()],
        most: SecretLimits::default(),
    };
    assert!(
        !store
            .set_secrets(&other, SecretOwner::Agent(&agent), &changes)
            .await?
    );
    assert!(
        store
            .set_secrets(&account, SecretOwner::Agent(&agent), &changes)
            .await?
    );
    assert_eq!(value(&account, "TOKEN").await.as_deref(), Some("first"));
    assert_eq!(
        value(&account, "anthropicApiKey").await.as_deref(),
        Some(""),
        "an empty value is a value"
    );
    let secrets = store.secrets(&account, SecretOwner::Agent(&agent)).await?;
    assert_eq!(
        secrets.keys().collect::<Vec<_>>(),
        ["TOKEN", "anthropicApiKey"]
    );
    assert!(
        store
            .secrets(&other, SecretOwner::Agent(&agent))
            .await?
            .is_empty()
    );

    let changes = SecretChanges {
        set: BTreeMap::new(),
        delete: vec!["TOKEN".into()],
        most: SecretLimits::default(),
    };
    assert!(
        store
            .set_secrets(&account, SecretOwner::Agent(&agent), &changes)
            .await?
    );
    assert_eq!(value(&account, "TOKEN").await, None);

    // One is there, with an empty value.
    let most = SecretLimits {
        count: 3,
        bytes: 10,
    };
    let set = async |name: &str, length: usize| {
        let text = SecretText::new("x".repeat(length));
        let changes = SecretChanges {
            set: BTreeMap::from([(name.to_owned(), text)]),
            delete: Vec::new(),
            most,
        };
        store
            .set_secrets(&account, SecretOwner::Agent(&agent), &changes)
            .await
    };
    assert!(set("a", 10).await?);
    let refused = [set("b", 1).await, set("a", 11).await];
    for refusal in refused {
        assert!(
            matches!(refusal, Err(StoreError::LimitReached(_))),
            "{refusal:?}"
        );
    }
    assert_eq!(value(&account, "a").await.as_deref(), Some("xxxxxxxxxx"));
    assert_eq!(value(&account, "b").await, None);
    assert!(set("a", 9).await? && set("b", 1).await?);
    let fourth = set("c", 0).await;
    assert!(
        matches!(fourth, Err(StoreError::LimitReached(_))),
        "{fourth:?}"
    );
    Ok(())
}

pub(super) async fn secrets_have_owners_of_several_kinds(store: &Store) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = store.create_agent(&account, new_agent("Demo")).await?.id;
    store
        .publish_version(&account, new_version("notes", "1.0.0", b"notes"))
        .await?;
    let installation = store.list_installations(&account).await?.remove(0).id;
    let owner = SecretOwner::Installation(&installation);
    let changes = SecretChanges {
        set: BTreeMap::from([("TOKEN".to_owned(), SecretText::new("value"))]),
        delete: Vec::new(),
        most: SecretLimits { count: 1, bytes: 5 },
    };
    assert!(!store.set_secrets(&other, owner, &changes).await?);
    assert!(store.set_secrets(&account, owner, &changes).await?);
    // Each owner has limits of its own, and what it owns is not another's.
    let agents = SecretOwner::Agent(&agent);
    assert!(store.secret_names(&account, agents).await?.is_empty());
    assert!(store.set_secrets(&account, agents, &changes).await?);
    let wrong = SecretOwner::Agent(&installation);
    assert!(!store.set_secrets(&account, wrong, &changes).await?);
    assert!(store.delete_agent(&account, &agent).await?);
    assert!(store.secret_names(&account, agents).await?.is_empty());
    let kept = store.secrets(&account, owner).await?;
    assert_eq!(kept["TOKEN"].expose(), "value");
    Ok(())
}
