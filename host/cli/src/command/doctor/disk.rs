//! The data folder and the disk that it is on.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use skillgate_runtime::StorageLimits;

use super::Finding;
use crate::args::Serve;
use crate::output::size;

/// Checks who can read the data folder, and how much room its disk has.
pub(super) fn check(options: &Serve) -> Vec<Finding> {
    let folder = &options.database.data;
    let floor = options.limits.min_free_disk;
    let floor = floor.unwrap_or(StorageLimits::default().min_free_disk);
    vec![privacy(folder), room(folder, floor)]
}

fn privacy(folder: &Path) -> Finding {
    const CHECK: &str = "data folder";
    let shown = folder.display();
    let Ok(about) = folder.metadata() else {
        return Finding::ok(
            CHECK,
            format!("{shown} does not exist: the first start of the server makes it"),
        );
    };
    if !about.is_dir() {
        return Finding::failed(
            CHECK,
            format!("{shown} is not a folder"),
            "name another one in --data",
        );
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Finding::warning(
            CHECK,
            format!("{shown} has mode {mode:03o}: others on this machine can look into it"),
            format!("chmod 700 {shown}"),
        );
    }
    Finding::ok(CHECK, format!("{shown} is for its owner only"))
}

/// The free space of the nearest folder that exists.
fn room(folder: &Path, floor: u64) -> Finding {
    const CHECK: &str = "disk";
    let there = folder.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(Path::new("."));
    let free = match rustix::fs::statvfs(there) {
        Ok(about) => about.f_bavail.saturating_mul(about.f_frsize),
        Err(error) => {
            return Finding::failed(
                CHECK,
                format!(
                    "the free space of {} cannot be read: {error}",
                    there.display()
                ),
                "name a folder on another disk in --data",
            );
        }
    };
    let found = format!("{} free", size(free));
    if free > floor {
        return Finding::ok(CHECK, found);
    }
    Finding::failed(
        CHECK,
        format!("{found}: below {} skills may not write", size(floor)),
        "free some space, or lower --min-free-disk",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::State;
    use super::*;

    #[test]
    fn a_folder_that_others_can_read_and_a_full_disk_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("data");
        assert_eq!(privacy(&missing).state, State::Ok);
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(folder.path(), private).unwrap();
        assert_eq!(privacy(folder.path()).state, State::Ok);
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let told = privacy(folder.path());
        assert_eq!(told.state, State::Warning);
        assert!(told.remedy.unwrap().starts_with("chmod 700"));
        assert_eq!(room(&missing, 0).state, State::Ok);
        assert_eq!(room(&missing, u64::MAX).state, State::Failed);
    }
}
