//! The kernel and what it grants to the process.

use rustix::process::{Resource, getrlimit};
use skillgate_runtime::Pool;

use super::Finding;

/// Memory mappings of one live sandbox (docs/performance.md, "How it is measured").
const MAPPINGS_PER_SANDBOX: u64 = 4;
/// Mappings that the process has beside its sandboxes: libraries, threads, loaded skills.
const OTHER_MAPPINGS: u64 = 4_096;
/// With fewer descriptors, a handful of callers fills the server.
const SCARCE_DESCRIPTORS: u64 = 1_024;
/// As many as the server uses.
const USEFUL_DESCRIPTORS: u64 = 65_536;

/// Checks the kernel, the number of memory mappings and of file descriptors.
pub(super) fn check() -> Vec<Finding> {
    vec![
        kernel(&release()),
        mappings(number_in("/proc/sys/vm/max_map_count")),
        descriptors(getrlimit(Resource::Nofile).maximum),
    ]
}

fn release() -> String {
    let name = rustix::system::uname();
    name.release().to_string_lossy().into_owned()
}

/// Linux 6.7 has `PAGEMAP_SCAN`, with which a sandbox's memory is cleaned page by page.
fn kernel(release: &str) -> Finding {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let found = format!("Linux {release}");
    if (major, minor) >= (6, 7) {
        return Finding::ok("kernel", found);
    }
    Finding::warning(
        "kernel",
        found,
        "Linux 6.7 or newer cleans sandboxes faster: a call takes about twice as long here",
    )
}

fn mappings(allowed: Option<u64>) -> Finding {
    const CHECK: &str = "memory mappings";
    let sandboxes = u64::from(Pool::default().instances);
    let needed = sandboxes * MAPPINGS_PER_SANDBOX + OTHER_MAPPINGS;
    let Some(allowed) = allowed else {
        return Finding::warning(
            CHECK,
            "vm.max_map_count cannot be read",
            format!("make sure that it is at least {needed}"),
        );
    };
    let found = format!("vm.max_map_count is {allowed}; {sandboxes} sandboxes need {needed}");
    if allowed >= needed {
        return Finding::ok(CHECK, found);
    }
    Finding::failed(CHECK, found, format!("sysctl vm.max_map_count={needed}"))
}

/// `None` is no limit.
fn descriptors(hard: Option<u64>) -> Finding {
    const CHECK: &str = "file descriptors";
    const REMEDY: &str =
        "raise the hard limit: `ulimit -Hn 65536`, or LimitNOFILE=65536 in a systemd unit";
    match hard {
        Some(hard) if hard < SCARCE_DESCRIPTORS => Finding::failed(
            CHECK,
            format!("the hard limit is {hard}: a handful of callers fills the server"),
            REMEDY,
        ),
        Some(hard) if hard < USEFUL_DESCRIPTORS => Finding::warning(
            CHECK,
            format!("the hard limit is {hard}: fewer callers fit than could"),
            REMEDY,
        ),
        Some(hard) => Finding::ok(CHECK, format!("the hard limit is {hard}")),
        None => Finding::ok(CHECK, "no limit"),
    }
}

fn number_in(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn what_is_scarce_is_told_apart_from_what_is_missing() {
        assert_eq!(kernel("6.18.44-fc").state, State::Ok);
        assert_eq!(kernel("5.15.0-1").state, State::Warning);
        assert_eq!(kernel("unknown").state, State::Warning);
        assert_eq!(mappings(Some(65_530)).state, State::Ok);
        assert_eq!(mappings(Some(4_000)).state, State::Failed);
        assert_eq!(mappings(None).state, State::Warning);
        assert_eq!(descriptors(None).state, State::Ok);
        assert_eq!(descriptors(Some(512)).state, State::Failed);
        assert_eq!(descriptors(Some(4_096)).state, State::Warning);
        assert_eq!(descriptors(Some(1 << 20)).state, State::Ok);
    }
}
