//! `serve`: how much of the machine may be used, in all and by one account. What is not given is the default of the area's own
//! configuration, which has the reason beside it.

use clap::Args;
use skillgate_skill::parse_size;

use crate::environment;

/// Bounds of the host's work. Sizes are written as in a manifest: `64MiB`, `2GiB`.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Limits")]
pub(crate) struct Limits {
    /// The highest rate limit that an account may give one of its keys, in requests a minute; ten times --rate-limit when not given.
    #[arg(long, env = environment::MAX_RATE_LIMIT, value_name = "N")]
    pub(crate) max_rate_limit: Option<u32>,
    /// Connections of callers at once; when not given, 40 % of the descriptors that the host does not keep for itself, at most 4,096. More than the descriptors allow makes other work fail.
    #[arg(long, env = environment::MAX_CONNECTIONS, value_parser = parse_count, value_name = "N")]
    pub(crate) max_connections: Option<usize>,
    /// Connections of callers at once from one address; half of all when not given. Behind a proxy, set it to all.
    #[arg(long, env = environment::MAX_CONNECTIONS_PER_ADDRESS, value_parser = parse_count, value_name = "N")]
    pub(crate) max_connections_per_address: Option<usize>,
    /// Runs of agents at once [default: 512].
    #[arg(long, env = environment::MAX_RUNS, value_parser = parse_count, value_name = "N")]
    pub(crate) max_runs: Option<usize>,
    /// Runs of one account's agents at once [default: 64].
    #[arg(long, env = environment::MAX_RUNS_PER_ACCOUNT, value_parser = parse_count, value_name = "N")]
    pub(crate) max_runs_per_account: Option<usize>,
    /// Tool calls of one turn of an agent [default: 256].
    #[arg(long, env = environment::MAX_TOOL_CALLS, value_name = "N")]
    pub(crate) max_tool_calls: Option<u32>,
    /// Threads that run skills; one a core when not given.
    #[arg(long, env = environment::GUEST_THREADS, value_parser = parse_count, value_name = "N")]
    pub(crate) guest_threads: Option<usize>,
    /// Memory of all sandboxes together; half of the machine's when not given.
    #[arg(long, env = environment::GUEST_MEMORY, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) guest_memory: Option<u64>,
    /// Memory of one account's sandboxes together; a quarter of --guest-memory when not given.
    #[arg(long, env = environment::GUEST_MEMORY_PER_ACCOUNT, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) guest_memory_per_account: Option<u64>,
    /// Tool calls of one account's skills at once [default: 125].
    #[arg(long, env = environment::MAX_CALLS_PER_ACCOUNT, value_parser = parse_count, value_name = "N")]
    pub(crate) max_calls_per_account: Option<usize>,
    /// HTTP requests of skills at once; when not given, one for each ten descriptors that the host does not keep for itself, at most 512.
    #[arg(long, env = environment::MAX_REQUESTS, value_parser = parse_count, value_name = "N")]
    pub(crate) max_requests: Option<usize>,
    /// HTTP requests of one account's skills at once; an eighth of all when not given.
    #[arg(long, env = environment::MAX_REQUESTS_PER_ACCOUNT, value_parser = parse_count, value_name = "N")]
    pub(crate) max_requests_per_account: Option<usize>,
    /// Memory for opening and verifying packages [default: 256MiB].
    #[arg(long, env = environment::PACKAGE_MEMORY, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) package_memory: Option<u64>,
    /// Bytes of all packages that one account may publish [default: 4GiB].
    #[arg(long, env = environment::MAX_PACKAGE_BYTES, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) max_package_bytes: Option<u64>,
    /// Memory for the code of skills that are kept ready, of which one account has at most half [default: 1GiB].
    #[arg(long, env = environment::LOADED_SKILLS_MEMORY, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) loaded_skills_memory: Option<u64>,
    /// Size of the folder of compiled skills [default: 4GiB].
    #[arg(long, env = environment::COMPILED_CACHE_SIZE, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) compiled_cache_size: Option<u64>,
    /// The largest quota of one folder of a skill's files; a larger one is cut to it [default: 1GiB].
    #[arg(long, env = environment::MAX_FILES_QUOTA, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) max_files_quota: Option<u64>,
    /// The largest quota of a skill's key-value store; a larger one is cut to it [default: 64MiB].
    #[arg(long, env = environment::MAX_KV_QUOTA, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) max_kv_quota: Option<u64>,
    /// What skills may keep on the disk for one agent [default: 4GiB].
    #[arg(long, env = environment::MAX_AGENT_STORAGE, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) max_agent_storage: Option<u64>,
    /// What skills may keep on the disk for one account [default: 16GiB].
    #[arg(long, env = environment::MAX_ACCOUNT_STORAGE, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) max_account_storage: Option<u64>,
    /// What skills may keep on the disk in all [default: 64GiB].
    #[arg(long, env = environment::MAX_HOST_STORAGE, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) max_host_storage: Option<u64>,
    /// Free space of the disk below which skills' writes are refused; the host's own go on [default: 1GiB].
    #[arg(long, env = environment::MIN_FREE_DISK, value_parser = parse_size, value_name = "SIZE")]
    pub(crate) min_free_disk: Option<u64>,
}

/// The most of anything that is counted: what a semaphore takes is far above it, what makes sense far below.
const MAX_COUNT: usize = 1_000_000;

/// A number of places: none would refuse everybody.
fn parse_count(text: &str) -> Result<usize, String> {
    let wrong = || format!("write a whole number from 1 to {MAX_COUNT}");
    let count = text.parse().map_err(|_| wrong())?;
    if (1..=MAX_COUNT).contains(&count) {
        Ok(count)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::parse_count;

    #[test]
    fn a_count_is_at_least_one_and_bounded() {
        assert_eq!(parse_count("12"), Ok(12));
        for wrong in ["0", "1000001", "-1", "many", ""] {
            assert!(parse_count(wrong).unwrap_err().contains("1 to 1000000"));
        }
    }
}
