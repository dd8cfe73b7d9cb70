//! The WebAssembly engine: its settings.
//!
//! Why each setting is what it is stands beside it; the measurements are in docs/performance.md.

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    Strategy,
};

use crate::config::Pool;
use crate::error::HostFault;

/// The most linear memory one guest can have, in bytes: the size of the pool's slots.
pub(crate) const MAX_MEMORY: u64 = 256 << 20;

/// Elements in one table.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Tables, core instances and memories in one component; Python guests have 16 core instances.
pub(crate) const MAX_TABLES: u32 = 4;
pub(crate) const MAX_CORE_INSTANCES: u32 = 16;
pub(crate) const MAX_MEMORIES: u32 = 1;

/// The settings that decide what machine code comes out. The compiling child and the host that
/// loads its output must have the same.
fn code_settings() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .memory_init_cow(true)
        // On by default even where no collector is compiled in; guests would reach code that hardly anybody runs.
        .wasm_gc(false)
        // Nobody reads a guest's backtrace; its maps would be an eighth of what a skill holds in memory.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}

/// An engine that only compiles: it reserves no memory for instances.
pub(crate) fn compiling() -> Result<Engine, HostFault> {
    Engine::new(&code_settings()).map_err(HostFault::engine)
}

/// The engine that runs guests. Where the pool's address space cannot be
/// reserved (a container with a limit on it), instances are made on demand: slower, otherwise the same.
pub(crate) fn running(pool: &Pool) -> Result<Engine, HostFault> {
    let mut config = code_settings();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(pool)));
    match Engine::new(&config) {
        Ok(engine) => Ok(engine),
        Err(error) => {
            tracing::warn!("no pool of instances, calls will be slower: {error:#}");
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Engine::new(&config).map_err(HostFault::engine)
        }
    }
}

fn pooling(pool: &Pool) -> PoolingAllocationConfig {
    let mut config = PoolingAllocationConfig::new();
    config
        .total_component_instances(pool.instances)
        .total_stacks(pool.instances)
        .total_memories(pool.instances.saturating_mul(MAX_MEMORIES))
        .total_tables(pool.instances.saturating_mul(MAX_TABLES))
        .total_core_instances(pool.instances.saturating_mul(MAX_CORE_INSTANCES))
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_memory_size(MAX_MEMORY as usize)
        .max_unused_warm_slots(100)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10);
    // Resetting a kept megabyte by memset alone costs more than it saves; with the scan only
    // pages that were touched are reset.
    if kernel_scans_pages() {
        config
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(1 << 20);
    } else {
        config.linear_memory_keep_resident(64 << 10);
    }
    config
}

/// Whether the kernel has the `PAGEMAP_SCAN` ioctl: Linux 6.7 and newer.
fn kernel_scans_pages() -> bool {
    rustix::system::uname()
        .release()
        .to_str()
        .is_ok_and(|release| is_at_least(release, (6, 7)))
}

fn is_at_least(release: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|part| part.parse::<u32>());
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= wanted)
}

#[cfg(test)]
mod tests {
    use super::is_at_least;

    #[test]
    fn kernel_releases_compare_by_number() {
        for (release, new_enough) in [
            ("6.7.0", true),
            ("6.18.44-fc", true),
            ("7.0", true),
            ("6.6.9", false),
            ("5.15.0-1", false),
            ("weird", false),
        ] {
            assert_eq!(is_at_least(release, (6, 7)), new_enough, "{release}");
        }
    }
}
