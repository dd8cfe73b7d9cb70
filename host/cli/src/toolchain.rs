//! The compiler for skills: a `rustc` that has the target wasm32-wasip2.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::environment;
use crate::exit::{Exit, Failure, Outcome};

/// What skills are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Which compiler cargo is to use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GuestCompiler {
    /// The one that cargo takes by itself.
    Ordinary,
    /// This one.
    Rustc(PathBuf),
}

impl GuestCompiler {
    /// The first of: the compiler in `SKILLGATE_GUEST_RUSTC`, the ordinary one when it has the target, the one that
    /// `cargo xtask setup` left in the cache folder. `folder` is where cargo will run: rustup goes by it.
    ///
    /// # Errors
    /// There is none of them.
    pub(crate) fn find(folder: &Path) -> Outcome<Self> {
        if let Some(rustc) = environment::value(environment::GUEST_RUSTC) {
            return Ok(Self::Rustc(rustc.into()));
        }
        if ordinary_has_target(folder) {
            return Ok(Self::Ordinary);
        }
        let cached =
            environment::cache_folder().map(|cache| cache.join("toolchain-1/toolchain/bin/rustc"));
        cached.filter(|rustc| rustc.is_file()).map(Self::Rustc).ok_or_else(|| {
            Failure::new(
                Exit::Failure,
                format_args!(
                    "no Rust compiler here has the target {TARGET}: run `rustup target add {TARGET}`. Where rustup cannot \
                     download, run `cargo xtask setup` in a clone of the Skillgate repository"
                ),
            )
        })
    }

    /// `cargo`, told to use this compiler.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        if let Self::Rustc(rustc) = self {
            cargo.env("RUSTC", rustc);
        }
        cargo
    }
}

/// Whether `rustc` has a standard library for the target: the folder that it names exists.
fn ordinary_has_target(folder: &Path) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .output();
    asked.is_ok_and(|answer| {
        let libraries = String::from_utf8_lossy(&answer.stdout);
        answer.status.success() && Path::new(libraries.trim()).is_dir()
    })
}
