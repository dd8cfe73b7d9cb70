//! A filled database of every earlier version is migrated, and no row is lost.
//!
//! Each version's schema is made of the migrations' own files, and each of its tables is filled by what the database says of
//! its columns: the next migration is covered without a change here.

mod earlier;

use std::collections::BTreeMap;

use skillgate_store::Store;
use skillgate_tests::postgres;

use self::earlier::{Earlier, versions};
use super::{Clock, open};

/// Tables that opening a store writes to: they are counted and may have grown.
const OWN: [&str; 2] = ["schema_version", "store_fact"];

#[tokio::test]
async fn no_row_is_lost_on_sqlite() {
    for version in 1..=versions().len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("skillgate.db");
        migrate_filled(&format!("sqlite://{}", path.display()), version).await;
    }
}

#[tokio::test]
async fn no_row_is_lost_on_postgres() {
    for version in 1..=versions().len() {
        migrate_filled(&postgres::database().await, version).await;
    }
}

async fn migrate_filled(url: &str, version: usize) {
    let mut database = Earlier::make(url, version).await;
    database.fill().await;
    let before = database.counts().await;
    assert!(before.len() > 10, "{before:?}");
    let store: Store = open(url, &Clock::new()).await;
    let after = database.counts().await;
    store.close().await;
    for (table, rows) in before {
        let left = after.get(&table).copied().unwrap_or_default();
        match OWN.contains(&table.as_str()) {
            true => assert!(left >= rows, "{table}"),
            false => assert_eq!(left, rows, "version {version}: rows of {table}"),
        }
        assert!(rows > 0, "version {version}: {table} was not filled");
    }
    assert_eq!(schema_version(&after), versions().len() as i64);
}

/// One row for each version that was applied.
fn schema_version(counts: &BTreeMap<String, i64>) -> i64 {
    counts["schema_version"]
}
