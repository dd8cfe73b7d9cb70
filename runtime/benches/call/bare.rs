//! The floor: the same guest called with wasmtime alone. A fresh store and instance for each call,
//! epochs and a memory limit on, nothing of ours: no schema, no capability, no receipt.

use std::time::Duration;

use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Store,
    StoreLimits, StoreLimitsBuilder,
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use bindings::skillgate::skill::log;

mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "skill",
        imports: { default: async | trappable },
        exports: { default: async },
        require_store_data_send: true,
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
            "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        },
    });
}

pub(crate) struct Bare {
    prepared: bindings::SkillPre<State>,
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// What the SDK's guests import beside WASI.
impl log::Host for State {
    async fn log(&mut self, _: log::Level, _: String) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl Bare {
    pub(crate) fn new(component: &[u8]) -> Self {
        let engine = engine();
        let component = Component::new(&engine, component).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        log::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state).unwrap();
        Self {
            prepared: bindings::SkillPre::new(linker.instantiate_pre(&component).unwrap()).unwrap(),
        }
    }

    pub(crate) async fn call(&self, tool: &str, arguments: &str) {
        let state = State {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
            limits: StoreLimitsBuilder::new().memory_size(256 << 20).build(),
        };
        let mut store = Store::new(self.prepared.engine(), state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let guest = self.prepared.instantiate_async(&mut store).await.unwrap();
        guest
            .skillgate_skill_tools()
            .call_call_tool(&mut store, tool, arguments)
            .await
            .unwrap()
            .unwrap();
    }
}

/// The settings of `src/engine.rs`.
fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(1000)
        .total_stacks(1000)
        .total_memories(1000)
        .total_tables(4000)
        .total_core_instances(16_000)
        .max_core_instances_per_component(16)
        .max_memories_per_component(1)
        .max_tables_per_component(4)
        .table_elements(20_000)
        .max_memory_size(256 << 20)
        .max_unused_warm_slots(100)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .linear_memory_keep_resident(1 << 20)
        .pagemap_scan(Enabled::Yes);
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config).unwrap();
    let weak = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    engine
}
