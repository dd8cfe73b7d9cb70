//! The standard library for guests, compiled from the source that belongs to the compiler: a rustc
//! accepts no standard library of another version.

use super::{TARGET, Workshop, remove};
use crate::{Result, process};
use std::fs;
use std::path::Path;

/// Compiles the libraries into `std`.
pub(super) fn compile(workshop: &Workshop, std: &Path) -> Result<()> {
    let sysroot = workshop.result("sysroot");
    super::link_linkers(&sysroot)?;
    let source = sysroot.join("lib/rustlib/src/rust/library");
    let work = std.join("work");
    let mut cargo = process::cargo();
    cargo.current_dir(&source).args([
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--target",
        TARGET,
    ]);
    cargo
        .args(["--manifest-path", "sysroot/Cargo.toml"])
        .arg("--target-dir")
        .arg(&work);
    cargo
        .env("RUSTC", sysroot.join("bin/rustc"))
        .env("CARGO_ENCODED_RUSTFLAGS", flags(&source));
    // As rustc's own build system has them: nightly features, and names that clash with no user's crate.
    cargo
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_DEFAULT_LIB_METADATA", "skillgate-std");
    process::run(
        cargo
            .env_remove("LD_LIBRARY_PATH")
            .env_remove("RUSTC_WRAPPER"),
    )?;
    for entry in fs::read_dir(work.join(TARGET).join("release/deps"))? {
        let file = entry?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "rlib")
        {
            fs::copy(&file, std.join(file.file_name().unwrap_or_default()))?;
        }
    }
    remove(&work)
}

/// The compiler's flags, separated as `CARGO_ENCODED_RUSTFLAGS` wants it. The remapped path keeps
/// the user's folders out of panic messages, hence out of skills.
fn flags(source: &Path) -> String {
    let remap = format!("--remap-path-prefix={}=/rustc/library", source.display());
    let fixed = [
        "-Zforce-unstable-if-unmarked",
        "-Cembed-bitcode=yes",
        "-Cdebuginfo=0",
        "-Coverflow-checks=off",
        "-Cdebug-assertions=off",
    ];
    fixed
        .into_iter()
        .chain([remap.as_str()])
        .collect::<Vec<_>>()
        .join("\x1f")
}
