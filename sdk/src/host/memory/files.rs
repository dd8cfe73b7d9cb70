//! Folders are below a temporary one, removed when the test's thread ends.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

thread_local! {
    pub(crate) static ROOT: RefCell<Option<Temporary>> = const { RefCell::new(None) };
}

/// A folder that is removed with its last owner.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("skill-{}-{count}", std::process::id())))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What can't be removed is left to the system, which clears its temporary folder.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// As the host does for a granted path, the folder is made before the tool sees it. A failure
/// shows at the tool's first use of the folder, with its reason.
pub(crate) fn folder(path: &str) -> PathBuf {
    let folder = ROOT.with_borrow_mut(|root| root.get_or_insert_with(Temporary::new).0.join(path));
    let _ = std::fs::create_dir_all(&folder);
    folder
}
