//! Publishers' keys.

use skillgate_store::{MAX_OPEN_CHALLENGES, NewPublisherKey, Store, StoreError, Timestamp};

use super::given::an_account;
use super::{Clock, SECOND};

pub(super) async fn publisher_keys_are_an_accounts_own(
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
    let found = store.publisher_key(&account, &new.key_id).await?;
    assert_eq!(found.unwrap(), key);
    assert_eq!(store.publisher_key(&other, &new.key_id).await?, None);
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
    let found = store.publisher_key(&account, &new.key_id).await?;
    assert_eq!(found.unwrap().revoked_at, Some(revoked), "the first stands");
    assert!(matches!(
        store.add_publisher_key(&account, new.clone()).await,
        Err(StoreError::Conflict(_))
    ));
    let theirs = store.add_publisher_key(&other, new).await?;
    assert_eq!(theirs.revoked_at, None, "each account has its own");
    Ok(())
}

pub(super) async fn challenges_are_used_once(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let open = |account: String, seconds| {
        let expires_at = clock.advance(0).as_micros() + seconds * SECOND;
        let expires_at = Timestamp::from_micros(expires_at);
        async move {
            let opened = store.open_publisher_key_challenge(&account, "https://a", expires_at);
            opened.await
        }
    };
    let used = |account: String, audience: &'static str, nonce: String| async move {
        let used = store.use_publisher_key_challenge(&account, audience, &nonce);
        used.await
    };
    let nonce = open(account.clone(), 60).await?;
    assert_ne!(nonce, open(account.clone(), 60).await?);
    assert!(!used(other.clone(), "https://a", nonce.clone()).await?);
    assert!(!used(account.clone(), "https://b", nonce.clone()).await?);
    assert!(used(account.clone(), "https://a", nonce.clone()).await?);
    assert!(!used(account.clone(), "https://a", nonce).await?);

    let oldest = open(account.clone(), 10).await?;
    let youngest = open(account.clone(), 90).await?;
    let theirs = open(other.clone(), 5).await?;
    for _ in 0..MAX_OPEN_CHALLENGES {
        open(account.clone(), 30).await?;
    }
    assert!(!used(account.clone(), "https://a", oldest).await?);
    assert!(used(account.clone(), "https://a", youngest).await?);
    assert!(used(other.clone(), "https://a", theirs).await?);

    let expired = open(account.clone(), 60).await?;
    clock.advance(60 * SECOND);
    assert!(!used(account, "https://a", expired).await?);
    let nobody = store
        .open_publisher_key_challenge("acct_absent", "https://a", clock.advance(SECOND))
        .await;
    assert!(matches!(nobody, Err(StoreError::Conflict(_))), "{nobody:?}");
    Ok(())
}
