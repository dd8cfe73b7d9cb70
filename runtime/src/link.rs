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
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

use crate::HostFault;
use crate::bindings::{skillgate, wasi};
use crate::capability::files::HasFiles;
use crate::limits::Stop;
use crate::state::State;

/// An interface, or a few that belong together, that gives authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability {
    Http,
    Kv,
    Secrets,
}

/// All capabilities, in the order of their bits in [`Linked`].
const ALL: [Capability; 3] = [Capability::Http, Capability::Kv, Capability::Secrets];

impl Capability {
    /// The capability that an interface belongs to; `interface` is without its version.
    pub(crate) fn of(interface: &str) -> Option<Self> {
        match interface {
            "wasi:http/types" | "wasi:http/outgoing-handler" => Some(Self::Http),
            "wasi:keyvalue/store" => Some(Self::Kv),
            "skillgate:skill/secrets" => Some(Self::Secrets),
            _ => None,
        }
    }

    /// The part of `permissions` that is about this capability.
    fn part(self, permissions: &Permissions) -> Permissions {
        match self {
            Self::Http => Permissions {
                http: permissions.http.clone(),
                ..Permissions::default()
            },
            Self::Kv => Permissions {
                kv: permissions.kv,
                ..Permissions::default()
            },
            Self::Secrets => Permissions {
                secrets: permissions.secrets.clone(),
                ..Permissions::default()
            },
        }
    }

    /// Whether `permissions` hold anything of this capability.
    pub(crate) fn is_in(self, permissions: &Permissions) -> bool {
        match self {
            Self::Http => !permissions.http.is_empty(),
            Self::Kv => permissions.kv.is_some(),
            Self::Secrets => !permissions.secrets.is_empty(),
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Linked(u8);

impl Linked {
    /// How many sets there are.
    pub(crate) const SETS: usize = 1 << ALL.len();
    /// No capability.
    pub(crate) const NONE: Self = Self(0);

    /// What is both asked for and granted.
    pub(crate) fn of(effective: &Effective) -> Self {
        let both = |capability: &Capability| {
            capability.is_in(effective.asked()) && capability.is_in(effective.granted())
        };
        Self(
            ALL.into_iter()
                .filter(both)
                .fold(0, |bits, capability| bits | capability.bit()),
        )
    }

    /// The set as a number below [`Linked::SETS`].
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    fn has(self, capability: Capability) -> bool {
        self.0 & capability.bit() != 0
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
    for capability in ALL {
        if linked.has(capability) {
            add(&mut linker, capability)?;
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
        let missing = Capability::of(unversioned(name))
            .filter(|capability| !linked.has(*capability))
            .map(|capability| capability.part(asked));
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

fn add(l: &mut Linker<State>, capability: Capability) -> wasmtime::Result<()> {
    match capability {
        Capability::Http => {
            use wasmtime_wasi_http::p2::bindings::{LinkOptions, http};
            let options = LinkOptions::default();
            http::outgoing_handler::add_to_linker::<State, WasiHttp>(l, State::http)?;
            http::types::add_to_linker::<State, WasiHttp>(l, &(&options).into(), State::http)
        }
        Capability::Kv => {
            wasi::keyvalue::store::add_to_linker::<State, HasSelf<State>>(l, |state| state)
        }
        Capability::Secrets => {
            skillgate::skill::secrets::add_to_linker::<State, HasSelf<State>>(l, |state| state)
        }
    }
}

/// The type of resources that nobody can make.
struct NotGranted;

/// `wasi:http/types@0.2.3` without its version.
pub(crate) fn unversioned(interface: &str) -> &str {
    interface
        .split_once('@')
        .map_or(interface, |(name, _)| name)
}
