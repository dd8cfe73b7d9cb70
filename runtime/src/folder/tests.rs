use super::*;
use std::fs;
use std::time::Duration;

fn scope(agent: &str, peer: &str) -> StateScope {
    StateScope {
        account: "t".into(),
        agent: agent.into(),
        peer: peer.into(),
        skill: "s".into(),
    }
}

fn folders(state: Option<&Path>, limits: StorageLimits) -> Arc<Folders> {
    Arc::new(Folders::new(state.map(Path::to_owned), limits))
}

fn default_folders() -> Arc<Folders> {
    folders(None, StorageLimits::default())
}

async fn charge(folder: &Arc<Folder>, bytes: u64, quota: u64) -> Result<(), Refusal> {
    let charge = move |ledger: &mut Ledger| ledger.charge(Usage::content(bytes), quota);
    folder.exclusively(charge).await
}

#[tokio::test]
async fn scopes_do_not_collide() {
    let folders = default_folders();
    let path = async |account: &str, agent, peer| {
        let scope = StateScope {
            account: account.into(),
            ..scope(agent, peer)
        };
        let folder = folders.open(&scope, "kv").await.unwrap();
        folder.path().to_owned()
    };
    assert_ne!(path("t", "ab", "c").await, path("t", "a", "bc").await);
    assert_ne!(path("t", "a", "b").await, path("t", "b", "a").await);
    assert_ne!(path("t", "a", "b").await, path("u", "a", "b").await);
    assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
}

#[tokio::test]
async fn an_agent_that_is_forgotten_leaves_nothing_and_the_others_stay() {
    let folders = default_folders();
    let mut files = Vec::new();
    for (agent, peer) in [("a", "p"), ("a", "q"), ("b", "p")] {
        let folder = folders.open(&scope(agent, peer), "kv").await.unwrap();
        fs::write(folder.path().join("one"), "text").unwrap();
        files.push(folder.path().join("one"));
    }
    folders.forget("t", "a").await.unwrap();
    assert!(!files[0].exists() && !files[1].exists() && files[2].exists());
    folders.forget("t", "a").await.unwrap();
    // The upkeep in the background may be at it just now, and then it is that which empties the rest.
    let emptied = async {
        while fs::read_dir(folders.trash().unwrap()).unwrap().count() > 0 {
            folders.empty_trash();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), emptied)
        .await
        .expect("the trash is emptied");
    self::folders(
        Some(Path::new("/nonexistent/state")),
        StorageLimits::default(),
    )
    .forget("t", "a")
    .await
    .unwrap();
}

#[tokio::test]
async fn a_forgotten_agents_folders_do_not_come_back() {
    let folders = default_folders();
    let open = folders.open(&scope("a", "p"), "kv").await.unwrap();
    folders.forget("t", "a").await.unwrap();
    for peer in ["p", "q"] {
        assert!(matches!(
            folders.open(&scope("a", peer), "kv").await,
            Err(Refusal::Room(NoRoom::Deleted))
        ));
    }
    assert!(matches!(
        charge(&open, 1, 100).await,
        Err(Refusal::Room(NoRoom::Deleted))
    ));
    assert!(!open.path().exists());
    folders.open(&scope("b", "p"), "kv").await.unwrap();
}

#[tokio::test]
async fn what_is_in_the_trash_counts_until_it_is_removed() {
    let limits = StorageLimits {
        account_bytes: 10 * usage::ENTRY_COST,
        ..StorageLimits::default()
    };
    let folders = folders(None, limits);
    let folder = folders.open(&scope("a", "p"), "kv").await.unwrap();
    charge(&folder, 6 * usage::ENTRY_COST, u64::MAX)
        .await
        .unwrap();
    let account = folders.account("t").unwrap();
    // As `forget`, but without the background work.
    account
        .bury(&digest(&["a"]), &folders.trash().unwrap())
        .unwrap();
    folders.upkeep.buried(Arc::clone(&account), digest(&["a"]));
    let other = scope("b", "p");
    assert!(matches!(
        folders.open(&other, "kv").await,
        Err(Refusal::Room(NoRoom::Account { .. }))
    ));
    folders.empty_trash();
    let folder = folders.open(&other, "kv").await.unwrap();
    charge(&folder, 6 * usage::ENTRY_COST, u64::MAX)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_on_the_disk_is_counted_after_a_start() {
    let state = tempfile::tempdir().unwrap();
    let limits = StorageLimits {
        account_bytes: 8 * usage::ENTRY_COST,
        ..StorageLimits::default()
    };
    let before = folders(Some(state.path()), limits.clone());
    let folder = before.open(&scope("a", "p"), "kv").await.unwrap();
    fs::write(
        folder.path().join("one"),
        vec![0; 3 * usage::ENTRY_COST as usize],
    )
    .unwrap();
    drop((folder, before));
    let after = folders(Some(state.path()), limits);
    let folder = after.open(&scope("a", "p"), "kv").await.unwrap();
    // Three folders, the file and its content are seven.
    let full = charge(&folder, 2 * usage::ENTRY_COST, u64::MAX).await;
    assert!(matches!(full, Err(Refusal::Room(NoRoom::Account { .. }))));
    charge(&folder, usage::ENTRY_COST, u64::MAX).await.unwrap();
    let full = charge(&folder, 1, 5 * usage::ENTRY_COST).await;
    assert!(matches!(full, Err(Refusal::Room(NoRoom::Quota { .. }))));
}

#[tokio::test]
async fn calls_at_the_same_time_share_the_count() {
    let folders = default_folders();
    let one = folders.open(&scope("a", "b"), "kv").await.unwrap();
    let other = folders.open(&scope("a", "b"), "kv").await.unwrap();
    charge(&one, 80, 100).await.unwrap();
    assert!(charge(&other, 80, 100).await.is_err());
}

#[tokio::test]
async fn what_was_begun_is_done_when_nobody_waits_for_it() {
    let folders = default_folders();
    let folder = folders.open(&scope("a", "b"), "kv").await.unwrap();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let work = folder.exclusively(move |ledger| {
        ledger.charge(Usage::content(70), 100)?;
        let _ = (begun.send(()), released.recv());
        ledger.refund(Usage::content(10));
        Ok(())
    });
    tokio::select! {
        _ = work => panic!("it cannot have ended"),
        begun = has_begun => begun.unwrap(),
    }
    // The future is gone; another change waits until the first has ended.
    let mut next = Box::pin(charge(&folder, 50, 100));
    assert!(futures::poll!(&mut next).is_pending());
    release.send(()).unwrap();
    assert!(next.await.is_err());
    charge(&folder, 40, 100).await.unwrap();
}
