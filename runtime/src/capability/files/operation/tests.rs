use super::*;
use crate::folder::{ENTRY_COST, Folders};
use crate::{StateScope, StorageLimits};
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags};
use wasmtime_wasi::{FsPerms, OpenMode};

const QUOTA: u64 = 1 << 20;

/// Runs `work` on a new folder and its count.
async fn alone(work: impl FnOnce(&mut Ledger, &Dir) + Send + 'static) {
    let folders = Arc::new(Folders::new(None, StorageLimits::default()));
    let folder = folders.open(&StateScope::default(), "files").await.unwrap();
    let handle = folder.handle().await.unwrap();
    let dir = Dir::new(handle, FsPerms::ReadWrite, OpenMode::all(), false);
    let done = folder.exclusively(move |ledger| {
        work(ledger, &dir);
        Ok(())
    });
    done.await.unwrap();
}

fn name(dir: &Dir, path: &str) -> Name {
    Name::new(dir, 0, path.to_owned())
}

fn opened(ledger: &mut Ledger, dir: &Dir, path: &str, flags: OpenFlags) -> Arc<File> {
    let how = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let request = OpenRequest::new(FsPerms::ReadWrite, flags, how).unwrap();
    match open(ledger, &name(dir, path), &request, QUOTA).unwrap() {
        Descriptor::File(file) => file.file,
        Descriptor::Dir(_) => panic!("{path} is a folder"),
    }
}

fn filled(ledger: &mut Ledger, dir: &Dir, path: &str, length: usize) -> Arc<File> {
    let file = opened(ledger, dir, path, OpenFlags::CREATE);
    write(ledger, &file, At::Offset(0), &vec![0; length], QUOTA).unwrap();
    file
}

/// Bytes that are charged now, without what was closed.
fn used(ledger: &mut Ledger) -> u64 {
    ledger.release_closed();
    ledger.used().bytes
}

#[tokio::test]
async fn a_file_without_a_name_counts_until_its_last_descriptor_is_closed() {
    alone(|ledger, dir| {
        let one = filled(ledger, dir, "a", 100);
        let other = opened(ledger, dir, "a", OpenFlags::empty());
        unlink(ledger, &name(dir, "a")).unwrap();
        assert_eq!(used(ledger), ENTRY_COST + 100);
        write(ledger, &other, At::End, &[0; 200], QUOTA).unwrap();
        drop(other);
        assert_eq!(used(ledger), ENTRY_COST + 300);
        set_size(ledger, &one, 50, QUOTA).unwrap();
        assert_eq!(used(ledger), ENTRY_COST + 50);
        drop(one);
        assert_eq!(used(ledger), 0);
    })
    .await;
}

#[tokio::test]
async fn a_replaced_file_counts_until_its_last_descriptor_is_closed() {
    alone(|ledger, dir| {
        let old = filled(ledger, dir, "old", 100);
        drop(filled(ledger, dir, "new", 10));
        rename(ledger, &name(dir, "new"), &name(dir, "old")).unwrap();
        assert_eq!(used(ledger), 2 * ENTRY_COST + 110);
        drop(old);
        assert_eq!(used(ledger), ENTRY_COST + 10);
        rename(ledger, &name(dir, "old"), &name(dir, "old")).unwrap();
        assert_eq!(used(ledger), ENTRY_COST + 10);
        unlink(ledger, &name(dir, "old")).unwrap();
        assert_eq!(used(ledger), 0);
    })
    .await;
}

#[tokio::test]
async fn lengths_are_counted_as_they_become() {
    alone(|ledger, dir| {
        let file = filled(ledger, dir, "a", 100);
        write(ledger, &file, At::Offset(40), &[0; 50], QUOTA).unwrap();
        assert_eq!(used(ledger), ENTRY_COST + 100);
        write(ledger, &file, At::Offset(900), &[0; 100], QUOTA).unwrap();
        assert_eq!(used(ledger), ENTRY_COST + 1000);
        let cut = opened(ledger, dir, "a", OpenFlags::TRUNCATE);
        assert_eq!(used(ledger), ENTRY_COST);
        drop(cut);
        for size in [500, 20, 300] {
            set_size(ledger, &file, size, QUOTA).unwrap();
            assert_eq!(used(ledger), ENTRY_COST + size);
        }
        assert!(set_size(ledger, &file, QUOTA, QUOTA).is_err());
        assert!(write(ledger, &file, At::Offset(u64::MAX), &[0; 9], QUOTA).is_err());
        assert_eq!(used(ledger), ENTRY_COST + 300);
    })
    .await;
}

#[tokio::test]
async fn what_fails_is_not_counted() {
    alone(|ledger, dir| {
        create_directory(ledger, &name(dir, "in"), QUOTA).unwrap();
        let before = used(ledger);
        assert!(create_directory(ledger, &name(dir, "in"), QUOTA).is_err());
        assert!(create_directory(ledger, &name(dir, "none/in"), QUOTA).is_err());
        assert!(create_directory(ledger, &name(dir, "../out"), QUOTA).is_err());
        assert!(unlink(ledger, &name(dir, "in")).is_err());
        let how = OpenRequest::new(
            FsPerms::ReadWrite,
            OpenFlags::CREATE,
            DescriptorFlags::WRITE,
        );
        let how = how.unwrap();
        for path in ["none/a", "../a", "in"] {
            assert!(
                open(ledger, &name(dir, path), &how, QUOTA).is_err(),
                "{path}"
            );
        }
        assert_eq!(used(ledger), before);
        remove_directory(ledger, &name(dir, "in")).unwrap();
        assert_eq!(used(ledger), 0);
    })
    .await;
}

#[tokio::test]
async fn a_folder_keeps_its_depth() {
    alone(|ledger, dir| {
        for path in ["a", "b", "b/c"] {
            create_directory(ledger, &name(dir, path), QUOTA).unwrap();
        }
        let mut moved = |from: &str, to: &str| {
            let done = rename(ledger, &name(dir, from), &name(dir, to));
            done.map_err(|error| error.to_string())
        };
        moved("a", "b/a").unwrap_err();
        moved("b/c", "c").unwrap_err();
        moved("b/c", "a/c").unwrap();
        // It replaces the empty folder `b`.
        moved("a", "b").unwrap();
        assert_eq!(used(ledger), 2 * ENTRY_COST);
    })
    .await;
}
