//! What skills may keep on the host's disk, and how many files they may hold open.

/// The operator's caps on `kv` and `files`. A manifest's quota is its author's wish and a grant is its
/// user's; these are what the host is ready to give, and a larger quota is cut to them.
#[derive(Debug, Clone)]
pub struct StorageLimits {
    /// Largest quota of one `files` folder, in bytes. 1 GiB: what a skill that works on documents or
    /// images of one conversation needs, and a thirtieth of a small server's disk.
    pub files_quota: u64,
    /// Largest quota of one key-value store, in bytes. 64 MiB: some 60,000 small values, of which a
    /// page of `list-keys` reads all names.
    pub kv_quota: u64,
    /// Most files and folders in one folder. 100,000: counting them anew after a start takes a fraction of
    /// a second, and one listing of them a few tens of megabytes.
    pub folder_entries: u64,
    /// Most bytes of all skills and peers of one agent together. 4 GiB.
    pub agent_bytes: u64,
    /// Most bytes of all agents of one account together. 16 GiB.
    pub account_bytes: u64,
    /// Most files and folders of one account. A million: inodes run out before bytes do, and an account is
    /// counted anew once after a start, in seconds.
    pub account_entries: u64,
    /// Most bytes of all accounts together. 64 GiB: below it a single account cannot fill the disk, above
    /// it `min_free_disk` still holds.
    pub host_bytes: u64,
    /// Free bytes of the disk below which guests' writes are refused. 1 GiB, not a share of the disk: what it
    /// must leave room for (the database, its log, packages, compiled code) does not grow with the disk.
    pub min_free_disk: u64,
    /// Files and folders that one call may hold open. 64: a skill that walks the deepest tree needs half.
    pub open_files_per_call: usize,
    /// Files and folders that all calls of one account may hold open. 192.
    pub open_files_per_account: usize,
    /// Files and folders that all calls may hold open. 512: half of the 1,024 descriptors that a process has
    /// unless somebody raised its limit.
    pub open_files: usize,
}

impl Default for StorageLimits {
    fn default() -> Self {
        Self {
            files_quota: GIB,
            kv_quota: 64 << 20,
            folder_entries: 100_000,
            agent_bytes: 4 * GIB,
            account_bytes: 16 * GIB,
            account_entries: 1_000_000,
            host_bytes: 64 * GIB,
            min_free_disk: GIB,
            open_files_per_call: 64,
            open_files_per_account: 192,
            open_files: 512,
        }
    }
}

const GIB: u64 = 1 << 30;
