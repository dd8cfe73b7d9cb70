//! Settings of the runtime, by area.

mod compile;
mod egress;
mod guests;
mod schema;
mod storage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use compile::CompileLimits;
pub use egress::{EgressLimits, EgressPolicy};
pub use guests::GuestConfig;
pub use schema::SchemaLimits;
pub use storage::StorageLimits;

/// Settings of a [`Runtime`](crate::Runtime). The default compiles in process, caches nothing,
/// keeps state in a temporary folder and allows no private address.
#[derive(Debug, Clone, Default)]
pub struct RuntimeConfig {
    /// Where compiled components are kept; `None` compiles at every load.
    pub cache: Option<Cache>,
    /// Where components are compiled.
    pub compiler: Compiler,
    /// What compiling may cost.
    pub compile: CompileLimits,
    /// What requests may leave the host.
    pub egress: EgressPolicy,
    /// The most that any skill may use.
    pub limits: OperatorLimits,
    /// The most that skills may keep on the disk.
    pub storage: StorageLimits,
    /// Where `kv` and `files` live. `None`: in a temporary folder that goes away with the runtime.
    pub state_dir: Option<PathBuf>,
    /// How many calls may run at once.
    pub pool: Pool,
    /// What the JSON Schemas of skills may cost.
    pub schemas: SchemaLimits,
    /// The threads and the memory of all guests, and one account's share of them.
    pub guests: GuestConfig,
}

/// The cache of compiled code. Entries are authenticated: whoever can write the folder, but does
/// not have the key, cannot make the host run code.
#[derive(Clone)]
pub struct Cache {
    /// The folder; made with mode 0700 when absent.
    pub dir: PathBuf,
    /// The host's own key for HMAC-SHA-256.
    pub key: [u8; 32],
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache")
            .field("dir", &self.dir)
            .field("key", &"…")
            .finish()
    }
}

/// Where components are compiled. Compiling untrusted code is not cheap by nature, so a server
/// uses a child process with limits.
#[derive(Debug, Clone, Default)]
pub enum Compiler {
    /// In this process, without limits: for one's own code.
    #[default]
    InProcess,
    /// In a child process that runs [`compile_child`](crate::compile_child).
    Child {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
}

/// The most that one call may use. A manifest may ask for less, never for more.
#[derive(Debug, Clone)]
pub struct OperatorLimits {
    /// Wall time of a call, waiting on the host included.
    pub timeout: Duration,
    /// Linear memory of all of the guest's instances, in bytes.
    pub memory: u64,
    /// Bytes of an answer, its text, binary and structured parts together.
    pub output: u64,
    /// Bytes of the arguments.
    pub arguments: u64,
    /// Calls from the guest into the host.
    pub host_calls: u64,
    /// Lines of log, stdout and stderr together.
    pub log_lines: u64,
    /// Handles (streams, files, requests) open at once.
    pub handles: usize,
}

impl Default for OperatorLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            memory: 256 * MIB,
            output: MIB,
            arguments: MIB,
            host_calls: 100_000,
            log_lines: 1_000,
            handles: 512,
        }
    }
}

/// How many instances may live at once. Each takes 4 memory mappings: `vm.max_map_count` must
/// be at least four times this.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Calls that run at the same time; later ones wait.
    pub instances: u32,
}

impl Default for Pool {
    fn default() -> Self {
        Self { instances: 1000 }
    }
}

const MIB: u64 = 1024 * 1024;
