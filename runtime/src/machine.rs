//! What the machine has.

use std::fs;
use std::path::Path;

/// Where control groups are mounted, in their second version.
const CGROUPS: &str = "/sys/fs/cgroup";

/// Gives the bytes of memory that this process may count on: the machine's, or less where a control
/// group (a container, a service with a limit) says so.
pub(crate) fn memory() -> u64 {
    let system = rustix::system::sysinfo();
    let installed = (system.totalram as u64).saturating_mul(u64::from(system.mem_unit));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    smallest_limit(&groups, Path::new(CGROUPS)).map_or(installed, |limit| limit.min(installed))
}

/// The smallest `memory.max` of the process's group and the groups above it; `groups` is what
/// `/proc/self/cgroup` says (Linux, Documentation/admin-guide/cgroup-v2.rst).
fn smallest_limit(groups: &str, mounted: &Path) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limits = Path::new(own).ancestors().filter_map(|group| {
        // "max" stands for no limit.
        let limit = fs::read_to_string(mounted.join(group).join("memory.max")).ok()?;
        limit.trim().parse().ok()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_on_the_way_up_counts() {
        let mounted = tempfile::tempdir().unwrap();
        let group = mounted.path().join("a/b");
        fs::create_dir_all(&group).unwrap();
        fs::write(group.join("memory.max"), "max\n").unwrap();
        let limit = || smallest_limit("1:cpu:/x\n0::/a/b\n", mounted.path());
        assert_eq!(limit(), None);
        fs::write(mounted.path().join("a/memory.max"), "1048576\n").unwrap();
        assert_eq!(limit(), Some(1 << 20));
        fs::write(group.join("memory.max"), "4096\n").unwrap();
        assert_eq!(limit(), Some(4096));
    }

    #[test]
    fn a_machine_has_memory() {
        assert!(memory() > 64 << 20);
    }
}
