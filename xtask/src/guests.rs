//! The guest programs of the tests: `tests/guests/<name>` becomes `target/guests/<name>.wasm`.

use crate::digest::Stamp;
use crate::paths::folders_with;
use crate::toolchain::{TARGET, Toolchain};
use crate::{Result, paths, process};
use std::fs;
use std::path::{Path, PathBuf};

/// Builds all guests, unless they are up to date.
pub(crate) fn make(toolchain: &Toolchain) -> Result<()> {
    let _held = paths::lock_products()?;
    let workspace = paths::root().join("tests/guests");
    let guests = folders_with(&workspace, "Cargo.toml")?;
    let products = paths::product("guests");
    let inputs = ["tests/guests", "sdk", "wit"].map(|path| paths::root().join(path));
    let stamp = Stamp::new(products.join(".stamp"), &inputs)?;
    let product = |guest: &Path| products.join(paths::name(guest)).with_extension("wasm");
    if stamp.is_fresh() && guests.iter().all(|guest| product(guest).is_file()) {
        return Ok(());
    }
    println!("the tests' guests");
    compile(&workspace, toolchain)?;
    fs::create_dir_all(&products)?;
    for guest in &guests {
        fs::copy(built(paths::name(guest))?, product(guest))?;
    }
    stamp.set()
}

fn compile(workspace: &Path, toolchain: &Toolchain) -> Result<()> {
    let mut build = process::cargo();
    build
        .current_dir(workspace)
        .args(["build", "--release", "--workspace", "--target", TARGET]);
    build.arg("--target-dir").arg(paths::guest_target());
    process::run(toolchain.apply(&mut build))
}

/// What cargo made of the package `name`: it names a program as its package, a library with underscores.
fn built(name: &str) -> Result<PathBuf> {
    let folder = paths::guest_target().join(TARGET).join("release");
    let names = [name.to_owned(), name.replace('-', "_")];
    let mut files = names
        .iter()
        .map(|name| folder.join(name).with_extension("wasm"));
    let built = files.find(|file| file.is_file());
    built.ok_or_else(|| format!("tests/guests/{name} builds no {name}.wasm").into())
}
