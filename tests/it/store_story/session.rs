//! Sessions.

use skillgate_store::{Store, StoreError};

use super::given::{an_account, an_agent};
use super::{Clock, SECOND};

pub(super) async fn sessions_belong_to_peers(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let (account, other) = (an_account(store).await?, an_account(store).await?);
    let agent = an_agent(store, &account).await?;
    let session = async |peer: &str| {
        store
            .default_session(&account, &agent, peer, "api")
            .await
            .unwrap()
            .unwrap()
    };
    let (ada, again, bob) = tokio::join!(session("ada"), session("ada"), session("bob"));
    assert_eq!(ada, again, "two messages at once begin one session");
    assert_ne!(ada.id, bob.id);

    clock.advance(SECOND);
    let fresh = store
        .create_session(&account, &agent, "ada", "api")
        .await?
        .unwrap();
    assert_eq!(
        session("ada").await,
        fresh,
        "the new session is the default now"
    );
    assert_eq!(session("bob").await, bob);
    let (one, two) = tokio::join!(
        store.create_session(&account, &agent, "ada", "api"),
        store.create_session(&account, &agent, "ada", "api")
    );
    let made = [one.unwrap().unwrap(), two.unwrap().unwrap()];
    assert!(made.contains(&session("ada").await));

    let page = store.list_sessions(&account, &agent, 3).await?;
    assert_eq!((page.items.len(), page.total), (3, 5));
    assert_eq!(page.items[2].id, fresh.id, "newest first");
    assert!(
        !store
            .get_session(&account, &agent, &ada.id)
            .await?
            .unwrap()
            .is_default
    );

    assert!(store.get_session(&other, &agent, &ada.id).await?.is_none());
    assert!(
        store
            .default_session(&other, &agent, "ada", "api")
            .await?
            .is_none()
    );
    assert!(
        store
            .create_session(&other, &agent, "ada", "api")
            .await?
            .is_none()
    );
    assert_eq!(store.list_sessions(&other, &agent, 100).await?.total, 0);
    Ok(())
}
