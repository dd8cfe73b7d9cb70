//! Publishers' keys.

use skillgate_store::{NewPublisherKey, Store, StoreError};

use super::given::an_account;
use super::{Clock, SECOND};

pub(super) async fn publisher_keys_have_one_owner(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let new = NewPublisherKey {
        key_id: "ab".repeat(32),
        public_key: vec![7; 32],
        label: "laptop".into(),
    };
    let key = store.add_publisher_key(&account, new.clone()).await?;
    assert_eq!(key.public_key, vec![7; 32]);
    assert_eq!(
        store.add_publisher_key(&account, new.clone()).await?,
        key,
        "adding again changes nothing"
    );
    assert!(matches!(
        store.add_publisher_key(&other, new.clone()).await,
        Err(StoreError::Conflict(_))
    ));
    assert_eq!(store.publisher_key(&new.key_id).await?.unwrap(), key);
    assert_eq!(store.list_publisher_keys(&account).await?, [key]);

    assert!(
        !store
            .revoke_publisher_key(&other, &new.key_id, clock.advance(0))
            .await?
    );
    let revoked = clock.advance(SECOND);
    assert!(
        store
            .revoke_publisher_key(&account, &new.key_id, revoked)
            .await?
    );
    assert!(
        store
            .revoke_publisher_key(&account, &new.key_id, clock.advance(SECOND))
            .await?
    );
    assert_eq!(
        store.publisher_key(&new.key_id).await?.unwrap().revoked_at,
        Some(revoked),
        "the first stands"
    );
    assert!(matches!(
        store.add_publisher_key(&account, new).await,
        Err(StoreError::Conflict(_))
    ));
    Ok(())
}
