//! Opening a database: by several at once, with a wrong key, at a wrong address.

use std::collections::BTreeMap;

use skillgate_store::{MasterKey, NewAgent, NewApiKey, SecretText, Store, StoreConfig, StoreError};

use super::given::{an_account, new_agent};
use super::{Clock, master_key, open};

/// A server and the command line beside it: both write at the same time, each sees what the other wrote.
pub(super) async fn two_processes_share_it(url: &str, server: &Store, clock: &Clock) {
    let beside = open(url, clock).await;
    let account = an_account(server).await.unwrap();
    let writes = |store: Store, account: String| {
        tokio::spawn(async move {
            for number in 0..50 {
                let new = NewApiKey {
                    label: number.to_string(),
                    ..NewApiKey::default()
                };
                store.create_api_key(&account, new).await.unwrap().unwrap();
            }
        })
    };
    let (one, two) = (
        writes(server.clone(), account.clone()),
        writes(beside.clone(), account.clone()),
    );
    one.await.unwrap();
    two.await.unwrap();
    assert_eq!(server.list_api_keys(&account).await.unwrap().len(), 100);
    let key = beside
        .create_api_key(&account, NewApiKey::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        server
            .find_api_key(key.plaintext.expose())
            .await
            .unwrap()
            .unwrap(),
        key.key
    );
    beside.close().await;
    server.ping().await.unwrap();
}

pub(super) async fn a_wrong_master_key_is_refused(url: &str) {
    let wrong = MasterKey::from_hex(&"a5".repeat(32)).unwrap();
    let refused = Store::open(StoreConfig::new(url, wrong)).await.unwrap_err();
    assert!(matches!(refused, StoreError::WrongMasterKey), "{refused}");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in [
        "",
        "mysql://localhost/x",
        "sqlite://",
        "sqlite://:memory:",
        "/data/skillgate.db",
        "postgres://[",
        "sqlite:///nonexistent/folder/x.db",
    ] {
        let refused = Store::open(StoreConfig::new(url, master_key()))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, StoreError::Invalid(_)),
            "{url}: {refused}"
        );
    }
}

#[tokio::test]
async fn the_file_is_for_its_owner_only_and_holds_no_secret_in_the_clear() {
    use std::os::unix::fs::MetadataExt;

    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("skillgate.db").display());
    let store = open(&url, &Clock::new()).await;
    let account = an_account(&store).await.unwrap();
    let key = store
        .create_api_key(&account, NewApiKey::default())
        .await
        .unwrap()
        .unwrap();
    let secrets = BTreeMap::from([("TOKEN".to_owned(), SecretText::new("a value to look for"))]);
    store
        .create_agent(
            &account,
            NewAgent {
                secrets,
                ..new_agent("Demo")
            },
        )
        .await
        .unwrap();
    store.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(
            std::fs::metadata(&path).unwrap().mode() & 0o777,
            0o600,
            "{}",
            path.display()
        );
        let bytes = std::fs::read(&path).unwrap();
        for text in ["a value to look for", key.plaintext.expose()] {
            assert!(
                !bytes
                    .windows(text.len())
                    .any(|window| window == text.as_bytes()),
                "{}",
                path.display()
            );
        }
    }
}
