//! What the host does itself is bounded, whatever tenants send: memory, places, bytes of answers.

mod grants;
mod keys;
mod logs;
mod memory;
mod packages;
pub(crate) mod places;
mod process;
mod runs;
