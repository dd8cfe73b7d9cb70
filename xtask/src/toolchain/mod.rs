//! The compiler for guests: the rule by which it is found, and the ways to get it.
//!
//! `skillgate build` finds it by the same rule.

pub(crate) mod fallback;
mod rustup;

use crate::Result;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

/// The target that guests are compiled for; its output is a WASI 0.2 component.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Names the rustc for guests, before every other rule.
pub(crate) const RUSTC_VARIABLE: &str = "SKILLGATE_GUEST_RUSTC";

/// A compiler that knows [`TARGET`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Toolchain {
    /// The ordinary one: rustup has installed the target.
    Rustup,
    /// This rustc, driven by the ordinary cargo.
    Rustc(PathBuf),
}

impl Toolchain {
    /// Makes `command` (cargo, or what calls cargo) compile with this toolchain.
    pub(crate) fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        match self {
            Self::Rustup => command,
            Self::Rustc(rustc) => command.env("RUSTC", rustc).env(RUSTC_VARIABLE, rustc),
        }
    }
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rustup => write!(
                f,
                "guests are compiled by rustup's toolchain ({TARGET} is installed)"
            ),
            Self::Rustc(rustc) => write!(f, "guests are compiled by {}", rustc.display()),
        }
    }
}

/// The compiler that is there: `$SKILLGATE_GUEST_RUSTC`, else the ordinary rustc when it has the
/// target, else the one that [`fallback::make`] made.
pub(crate) fn find() -> Option<Toolchain> {
    if let Some(rustc) = std::env::var_os(RUSTC_VARIABLE).filter(|value| !value.is_empty()) {
        return Some(Toolchain::Rustc(rustc.into()));
    }
    if rustup::has_target() {
        return Some(Toolchain::Rustup);
    }
    fallback::find().map(Toolchain::Rustc)
}

/// The compiler, which is fetched or made when there is none.
///
/// # Errors
/// When rustup cannot install the target and the fallback fails too: with both reasons.
pub(crate) fn ensure() -> Result<Toolchain> {
    if let Some(found) = find() {
        return Ok(found);
    }
    println!("guests need a compiler for {TARGET}");
    match rustup::install() {
        Ok(()) => Ok(Toolchain::Rustup),
        Err(refused) => {
            println!(
                "rustup could not install it ({refused}); making one from packages instead, once"
            );
            let made = fallback::make();
            made.map(Toolchain::Rustc).map_err(|failed| {
                format!(
                    "no compiler for {TARGET}.\n  by rustup: {refused}\n  from packages: {failed}"
                )
                .into()
            })
        }
    }
}
