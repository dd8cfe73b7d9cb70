//! API keys.

use skillgate_store::{NewApiKey, Store, StoreError};

use super::given::an_account;
use super::{Clock, SECOND};

pub(super) async fn keys_are_found_until_they_end(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let wanted = NewApiKey {
        label: "ci".into(),
        scopes: vec!["agents:read".into(), "chat".into()],
        is_operator: true,
        rate_limit: Some(7),
        expires_at: Some(clock.advance(0)),
    };
    assert!(
        store
            .create_api_key("acct_none", wanted.clone())
            .await?
            .is_none()
    );
    let expired = store
        .create_api_key(&account, wanted.clone())
        .await?
        .unwrap();
    assert!(
        store
            .find_api_key(expired.plaintext.expose())
            .await?
            .is_none(),
        "it expires at its time"
    );

    let lasting = NewApiKey {
        expires_at: None,
        ..wanted
    };
    let issued = store.create_api_key(&account, lasting).await?.unwrap();
    let text = issued.plaintext.expose().to_owned();
    assert_eq!(text.len(), 40);
    assert!(
        !format!("{issued:?}").contains(&text),
        "a key does not show in Debug"
    );
    assert_eq!(store.find_api_key(&text).await?.unwrap(), issued.key);

    let mut altered = text.clone();
    altered.replace_range(39.., if text.ends_with('0') { "1" } else { "0" });
    assert!(
        store.find_api_key(&altered).await?.is_none(),
        "the prefix alone is not enough"
    );
    assert!(store.find_api_key("ak_live_' OR 1=1").await?.is_none());

    let used = clock.advance(SECOND);
    store.touch_api_key(&issued.key.id, used).await?;
    let keys = store.list_api_keys(&account).await?;
    assert_eq!(keys[0].last_used_at, Some(used));
    assert_eq!(
        keys.iter().map(|key| &key.id).collect::<Vec<_>>(),
        [&issued.key.id, &expired.key.id]
    );

    assert_eq!(store.count_api_keys(&account).await?, 1);
    assert_eq!(store.delete_ended_api_keys(&account, 1).await?, 0);
    let ended = NewApiKey {
        expires_at: Some(clock.advance(0)),
        ..NewApiKey::default()
    };
    let newer = store.create_api_key(&account, ended).await?.unwrap();
    assert_eq!(store.delete_ended_api_keys(&account, 1).await?, 1);
    let keys = store.list_api_keys(&account).await?;
    assert_eq!(
        keys.iter().map(|key| &key.id).collect::<Vec<_>>(),
        [&newer.key.id, &issued.key.id],
        "valid keys stay, and the newest of those that ended"
    );

    let other = an_account(store).await?;
    assert_eq!(store.count_api_keys(&other).await?, 0);
    assert!(!store.revoke_api_key(&other, &issued.key.id).await?);
    assert!(store.find_api_key(&text).await?.is_some());
    assert!(store.revoke_api_key(&account, &issued.key.id).await?);
    assert!(store.find_api_key(&text).await?.is_none());
    Ok(())
}
