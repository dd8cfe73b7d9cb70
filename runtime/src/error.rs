//! What can go wrong that is not a call's outcome: the host's own faults, and skills that cannot be loaded.

use std::io;
use std::time::Duration;

use crate::receipt::Receipt;

/// The host itself failed: nothing that the skill or its author did.
#[derive(Debug, thiserror::Error)]
pub enum HostFault {
    /// The WebAssembly engine could not be set up, or broke an assumption.
    #[error("the WebAssembly engine failed: {0}")]
    Engine(String),
    /// The disk did not do what it should.
    #[error("{doing} failed: {error}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's answer. Part of the message, so it is no `source()`.
        error: io::Error,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {0}")]
    HttpClient(String),
    /// More calls are waiting for a sandbox than were served in time.
    #[error("no sandbox became free: {0}")]
    Busy(Busy),
    /// More components are waiting to be compiled than were compiled in time.
    #[error("no place to compile in became free within {0:?}")]
    CompilerBusy(Duration),
}

/// Which limit on calls at the same time a call waited for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// That of the host.
    #[error("this host has run as many calls as it may for {0:?}; try again later")]
    Host(Duration),
    /// That of open files, or the account's folders are still being counted after a start.
    #[error(
        "the skill's folders could not be opened within {0:?}: too many files are open, or the account's folders are still being counted; try again later"
    )]
    Folders(Duration),
    /// That of the account.
    #[error(
        "this account had {calls} calls under way for {waited:?}, as many as one account may; wait for some of them to end"
    )]
    Account {
        /// Calls that one account may have under way.
        calls: usize,
        /// How long the call waited.
        waited: Duration,
    },
}

/// A call that the host failed, with the record of what it had done until then.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct CallFault {
    /// What went wrong.
    pub fault: HostFault,
    /// What the call used; its outcome is `host_fault`.
    pub receipt: Box<Receipt>,
}

impl HostFault {
    pub(crate) fn io(doing: impl Into<String>, error: io::Error) -> Self {
        Self::Io {
            doing: doing.into(),
            error,
        }
    }

    pub(crate) fn engine(error: impl std::fmt::Display) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}

/// Why a package cannot run here. Each message says what was wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Instructions-only skills hold nothing to run.
    #[error(
        "skill {skill} holds no component.wasm, so it has no tools to call; build it with `skillgate build`, or use its instructions only"
    )]
    NoComponent {
        /// The skill's name.
        skill: String,
    },
    /// A core module, or no WebAssembly at all.
    #[error(
        "component.wasm is not a component: {found}; build it for the target wasm32-wasip2, or wrap the core module with `wasm-tools component new`"
    )]
    NotAComponent {
        /// What the file begins like.
        found: String,
    },
    /// The component needs what its manifest does not ask for.
    #[error(
        "component.wasm imports {import}, which SKILL.md does not ask for; add to SKILL.md:\n{yaml}"
    )]
    NotAskedFor {
        /// The interface.
        import: String,
        /// The exact YAML to add, with its parents.
        yaml: String,
    },
    /// The component needs what no manifest can ask for.
    #[error("component.wasm imports {import}, which this host does not offer: {remedy}")]
    NotOffered {
        /// The interface.
        import: String,
        /// What to do instead.
        remedy: String,
    },
    /// The component exports no tools.
    #[error(
        "component.wasm does not export skillgate:skill/tools@0.1.0: {reason}; build it with the SDK, or export that interface"
    )]
    NoTools {
        /// What the engine found.
        reason: String,
    },
    /// The compiler refused the component or ran into its limits.
    #[error("component.wasm could not be compiled: {0}")]
    Compile(String),
    /// `list-tools` failed or gave a list that breaks the contract.
    #[error("the tools of skill {skill} are not usable: {reason}")]
    BadTools {
        /// The skill's name.
        skill: String,
        /// What is wrong with which tool, and what to do.
        reason: String,
    },
    /// Not the skill's doing.
    #[error(transparent)]
    Host(#[from] HostFault),
}
