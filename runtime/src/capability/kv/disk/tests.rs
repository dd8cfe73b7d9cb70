use super::*;
use crate::folder::{ENTRY_COST, Folders, NoRoom};
use crate::{StateScope, StorageLimits};
use std::sync::Arc;

struct Store {
    _folders: Arc<Folders>,
    bucket: Bucket,
}

impl Store {
    async fn new(quota: u64) -> Self {
        let folders = Arc::new(Folders::new(None, StorageLimits::default()));
        let folder = folders.open(&StateScope::default(), "kv").await.unwrap();
        Self {
            _folders: folders,
            bucket: Bucket { folder, quota },
        }
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Bucket, &mut Ledger) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let bucket = self.bucket.clone();
        let folder = Arc::clone(&bucket.folder);
        folder
            .exclusively(move |ledger| work(&bucket, ledger))
            .await
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), Refusal> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.change(move |bucket, ledger| bucket.set(ledger, &key, &value))
            .await
    }

    async fn delete(&self, key: &'static str) {
        let delete = move |bucket: &Bucket, ledger: &mut Ledger| bucket.delete(ledger, key);
        self.change(delete).await.unwrap();
    }

    async fn list(&self, from: u64) -> Page {
        let list = move |bucket: &Bucket, ledger: &mut Ledger| bucket.list(ledger, from);
        self.change(list).await.unwrap()
    }

    async fn used(&self) -> u64 {
        let used = |_: &Bucket, ledger: &mut Ledger| Ok(ledger.used().bytes);
        self.change(used).await.unwrap()
    }
}

fn is_full(done: Result<(), Refusal>) -> bool {
    matches!(done, Err(Refusal::Room(NoRoom::Quota { .. })))
}

#[tokio::test]
async fn what_was_set_is_got_listed_and_deleted() {
    let store = Store::new(1 << 20).await;
    store.set("../../etc/passwd", b"one").await.unwrap();
    store.set("b", b"two").await.unwrap();
    store.set("b", b"three").await.unwrap();
    let get = |key| store.bucket.get(key).unwrap();
    assert_eq!(get("../../etc/passwd").unwrap(), b"one");
    assert_eq!(get("b").unwrap(), b"three");
    assert_eq!(store.list(0).await.keys, ["../../etc/passwd", "b"]);
    store.delete("b").await;
    store.delete("b").await;
    assert_eq!(get("b"), None);
    assert!(!store.bucket.exists("b").unwrap());
}

#[tokio::test]
async fn the_quota_holds_and_replacing_counts_the_difference() {
    let store = Store::new(ENTRY_COST + 1000).await;
    store.set("a", &[0; 900]).await.unwrap();
    assert!(is_full(store.set("a", &[0; 1000]).await));
    assert!(is_full(store.set("b", &[]).await));
    store.set("a", &[1; 950]).await.unwrap();
    assert_eq!(store.bucket.get("a").unwrap().unwrap().len(), 950);
    store.delete("a").await;
    assert_eq!(store.used().await, 0);
    store.set("b", &[0; 900]).await.unwrap();
}

#[tokio::test]
async fn what_a_crash_left_of_a_write_goes_with_the_next() {
    let store = Store::new(2 * ENTRY_COST).await;
    let unfinished = store.bucket.folder.path().join(UNFINISHED);
    fs::write(&unfinished, [0; 4096]).unwrap();
    assert!(store.list(0).await.keys.is_empty());
    store.set("a", b"whole").await.unwrap();
    assert_eq!(store.bucket.get("a").unwrap().unwrap(), b"whole");
    assert!(!unfinished.exists());
    assert_eq!(store.used().await, ENTRY_COST + 3 + 5);
}

#[tokio::test]
async fn a_file_without_a_whole_head_is_no_key_and_does_not_end_a_listing() {
    let store = Store::new(1 << 20).await;
    let heads: [(&str, &[u8]); 4] = [
        ("empty", b""),
        ("short", b"\x05\x00sho"),
        ("zeros", &[0; 64]),
        ("text", b"\x04\x00\xff\xff\xff\xff"),
    ];
    for (key, content) in heads {
        fs::write(store.bucket.path(key), content).unwrap();
    }
    store.set("whole", b"value").await.unwrap();
    for (key, _) in heads {
        assert_eq!(store.bucket.get(key).unwrap(), None);
        assert!(!store.bucket.exists(key).unwrap());
    }
    assert_eq!(store.list(0).await.keys, ["whole"]);
    assert_eq!(fs::read_dir(store.bucket.folder.path()).unwrap().count(), 1);
    assert_eq!(store.used().await, ENTRY_COST + 7 + 5);
    store.set("empty", b"anew").await.unwrap();
    assert_eq!(store.bucket.get("empty").unwrap().unwrap(), b"anew");
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let store = Store::new(64 << 20).await;
    let fill = |bucket: &Bucket, ledger: &mut Ledger| -> Result<(), Refusal> {
        for number in 0..PAGE + 5 {
            bucket.set(ledger, &format!("{number:05}"), b"")?;
        }
        Ok(())
    };
    store.change(fill).await.unwrap();
    let first = store.list(0).await;
    assert_eq!(first.keys.len(), PAGE);
    let second = store.list(first.next.unwrap()).await;
    assert_eq!((second.keys.len(), second.next), (5, None));
    let mut keys = [first.keys, second.keys].concat();
    keys.sort_unstable();
    let all: Vec<String> = (0..PAGE + 5).map(|number| format!("{number:05}")).collect();
    assert_eq!(keys, all);
    assert!(store.list(u64::MAX).await.keys.is_empty());
}
