//! Sessions of the console.

use skillgate_store::{NewApiKey, Store, StoreError, Timestamp};

use super::given::an_account;
use super::{Clock, SECOND};

pub(super) async fn sessions_end_by_time_number_and_key(
    store: &Store,
    clock: &Clock,
) -> Result<(), StoreError> {
    let account = an_account(store).await?;
    let wanted = NewApiKey {
        label: "console".into(),
        ..NewApiKey::default()
    };
    let key = store.create_api_key(&account, wanted).await?.unwrap().key;
    let in_a_minute = |now: Timestamp| Timestamp::from_micros(now.as_micros() + 60 * SECOND);
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let end = in_a_minute(clock.advance(SECOND));
        let opened = store
            .open_console_session(&account, &key.id, end, 2)
            .await?;
        sessions.push(opened);
    }
    let found = async |at: usize| {
        let session: Option<_> = store
            .find_console_session(sessions[at].token.expose())
            .await?;
        Ok::<_, StoreError>(session.map(|session| session.key.id))
    };
    assert_eq!(found(0).await?, None, "the oldest made room");
    assert_eq!(found(1).await?.as_ref(), Some(&key.id));
    assert!(store.find_console_session("sgs_").await?.is_none());
    assert!(!format!("{sessions:?}").contains("sgs_"));

    let token = sessions[1].token.expose();
    let stranger = an_account(store).await?;
    assert!(!store.end_console_session(&stranger, token).await?);
    assert!(store.end_console_session(&account, token).await?);
    assert!(!store.end_console_session(&account, token).await?);
    assert_eq!(found(1).await?, None);

    assert_eq!(found(2).await?.as_ref(), Some(&key.id));
    clock.advance(60 * SECOND);
    assert_eq!(found(2).await?, None, "it ended by itself");
    let end = in_a_minute(clock.advance(0));
    let last = store
        .open_console_session(&account, &key.id, end, 2)
        .await?;
    assert!(store.revoke_api_key(&account, &key.id).await?);
    assert!(
        store
            .find_console_session(last.token.expose())
            .await?
            .is_none()
    );
    Ok(())
}
