//! What a guest can reach of the host: one capability, one file, each with its state, its host
//! functions, its mapping of errors, and one value that says all that linking and loading know of it.
//!
//! Clocks, random numbers, environment and arguments are wasmtime-wasi's own, with nothing in
//! them: they hold no authority. `files` is always linked, too: without a folder that was granted
//! there is nothing to open. TCP and UDP are never linked.

pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod secrets;

use skillgate_skill::Permissions;
use wasmtime::component::Linker;

use crate::state::State;

/// Interfaces that give authority, and that are linked only when they were both asked for and granted.
pub(crate) struct Capability {
    /// Its interfaces, without their versions.
    pub(crate) interfaces: &'static [&'static str],
    /// Whether permissions hold anything of it. Asked twice in each call: it allocates nothing.
    pub(crate) is_in: fn(&Permissions) -> bool,
    /// The part of permissions that is about it.
    pub(crate) part_of: fn(&Permissions) -> Permissions,
    /// Adds its interfaces.
    pub(crate) link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
    /// What a manifest that asks for it says, with the parts to be replaced.
    pub(crate) example: &'static str,
}

/// All capabilities.
pub(crate) const CAPABILITIES: [&Capability; 3] =
    [&http::CAPABILITY, &kv::CAPABILITY, &secrets::CAPABILITY];

/// The place in [`CAPABILITIES`] of the one that an interface belongs to; `interface` is without its version.
pub(crate) fn index_of(interface: &str) -> Option<usize> {
    CAPABILITIES
        .iter()
        .position(|capability| capability.interfaces.contains(&interface))
}
