//! Which interfaces a component is given. The inert base is always there; a capability only when
//! it was both asked for and granted. One that was asked for and not granted is not linked: in its
//! place stand functions that end the call with the denial, so that tools which do not need it work.

use skillgate_skill::{Denial, Effective, Permissions};
use wasmtime::StoreContextMut;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, HasSelf, Linker, ResourceType, Val};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::{cli, filesystem, random};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

use crate::HostFault;
use crate::bindings::skillgate;
use crate::capability::files::HasFiles;
use crate::capability::{CAPABILITIES, Capability, index_of};
use crate::limits::Stop;
use crate::state::State;

/// A set of capabilities: a bit for each place in [`CAPABILITIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Linked(u32);

impl Linked {
    /// No capability.
    pub(crate) const NONE: Self = Self(0);

    /// What is both asked for and granted.
    pub(crate) fn of(effective: &Effective) -> Self {
        let is_both = |capability: &Capability| {
            (capability.is_in)(effective.asked()) && (capability.is_in)(effective.granted())
        };
        let places = CAPABILITIES.iter().enumerate();
        let both = places.filter(|(_, capability)| is_both(capability));
        Self(both.fold(0, |bits, (place, _)| bits | 1 << place))
    }

    fn has(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
}

/// The inert base: what any standard library drags in, with nothing in it, and our log and progress.
pub(crate) fn base(engine: &wasmtime::Engine) -> Result<Linker<State>, HostFault> {
    let mut linker = Linker::new(engine);
    add_base(&mut linker).map_err(HostFault::engine)?;
    Ok(linker)
}

fn add_base(l: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(l)?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, State::random)?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, State::random)?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    filesystem::types::add_to_linker::<State, HasFiles>(l, State::files)?;
    filesystem::preopens::add_to_linker::<State, HasFiles>(l, State::files)?;
    skillgate::skill::log::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    skillgate::skill::progress::add_to_linker::<State, HasSelf<State>>(l, |state| state)?;
    Ok(())
}

/// The base with `linked` on top, and a stop in place of whatever else `component` imports.
pub(crate) fn linker(
    base: &Linker<State>,
    component: &Component,
    asked: &Permissions,
    linked: Linked,
) -> wasmtime::Result<Linker<State>> {
    let mut linker = base.clone();
    for (place, capability) in CAPABILITIES.iter().enumerate() {
        if linked.has(place) {
            (capability.link)(&mut linker)?;
        }
    }
    add_stops(&mut linker, component, asked, linked)?;
    Ok(linker)
}

/// Puts a stop in place of every function of every capability that is imported and not linked.
fn add_stops(
    linker: &mut Linker<State>,
    component: &Component,
    asked: &Permissions,
    linked: Linked,
) -> wasmtime::Result<()> {
    let engine = component.engine();
    // A resource is defined where it is imported first; later interfaces only refer to it.
    let mut defined = Vec::new();
    for (name, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = import.ty else {
            continue;
        };
        let missing = index_of(unversioned(name))
            .filter(|place| !linked.has(*place))
            .and_then(|place| CAPABILITIES.get(place))
            .map(|capability| (capability.part_of)(asked));
        for (item, about) in interface.exports(engine) {
            match (about.ty, &missing) {
                (ComponentItem::ComponentFunc(_), Some(missing)) => {
                    let denial = Denial::not_granted(format!("{name}#{item}"), missing);
                    let stop = move |_: StoreContextMut<'_, State>, _, _: &[Val], _: &mut [Val]| {
                        Err(Stop::Denied(denial.clone()).into())
                    };
                    linker.instance(name)?.func_new(item, stop)?;
                }
                (ComponentItem::Resource(resource), missing) if !defined.contains(&resource) => {
                    defined.push(resource);
                    if missing.is_some() {
                        linker.instance(name)?.resource(
                            item,
                            ResourceType::host::<NotGranted>(),
                            |_, _| Ok(()),
                        )?;
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The type of resources that nobody can make.
struct NotGranted;

/// `wasi:http/types@0.2.3` without its version.
pub(crate) fn unversioned(interface: &str) -> &str {
    interface
        .split_once('@')
        .map_or(interface, |(name, _)| name)
}
