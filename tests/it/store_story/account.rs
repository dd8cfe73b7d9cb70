//! Accounts: the first one.

use skillgate_store::{NewApiKey, Store, StoreConfig};

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
