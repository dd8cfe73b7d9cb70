//! The guest programs of the tests: `tests/guests/<name>` becomes `target/guests/<name>.wasm`.

use crate::digest::Stamp;
use crate::skills::folders_with;
use crate::toolchain::{TARGET, Toolchain};
use crate::{Result, paths, process};
use std::fs;

/// Builds all guests, unless they are up to date.
pub(crate) fn make(toolchain: &Toolchain) -> Result<()> {
    let _held = paths::lock_products()?;
    let workspace = paths::root().join("tests/guests");
    let guests = folders_with(&workspace, "Cargo.toml")?;
    let products = paths::product("guests");
    let inputs = ["tests/guests", "sdk", "wit"].map(|path| paths::root().join(path));
    let stamp = Stamp::new(products.join(".stamp"), &inputs)?;
    let is_made = |name: &str| products.join(name).with_extension("wasm").is_file();
    if guests.is_empty()
        || (stamp.is_fresh() && guests.iter().all(|guest| is_made(paths::name(guest))))
    {
        return Ok(());
    }
    println!("test guests");
    let target = workspace.join("target");
    let mut build = process::cargo();
    build
        .current_dir(&workspace)
        .args(["build", "--release", "--workspace", "--target", TARGET]);
    process::run(toolchain.apply(build.arg("--target-dir").arg(&target)))?;
    fs::create_dir_all(&products)?;
    for guest in &guests {
        let name = paths::name(guest);
        // Cargo names a program as its package, a library with underscores.
        let built = [name.to_owned(), name.replace('-', "_")];
        let built = built.map(|name| {
            target
                .join(TARGET)
                .join("release")
                .join(name)
                .with_extension("wasm")
        });
        let built = built.iter().find(|file| file.is_file());
        let built = built.ok_or_else(|| format!("tests/guests/{name} builds no {name}.wasm"))?;
        fs::copy(built, products.join(name).with_extension("wasm"))?;
    }
    stamp.set()
}
