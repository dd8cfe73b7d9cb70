//! `cargo xtask skills`: the example skills, built, packed and signed with a development key.

use crate::digest::Stamp;
use crate::toolchain::{self, Toolchain};
use crate::{Result, binary, guests, only, paths, process};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn main(arguments: &[String]) -> Result<()> {
    only(arguments, &[])?;
    let toolchain = toolchain::ensure()?;
    let skillgate = binary::build(binary::Profile::Dev)?;
    make(&skillgate, &toolchain)?;
    guests::make(&toolchain)?;
    println!("{}", paths::product("skills").display());
    Ok(())
}

/// Makes `target/skills/<name>.skill` of every example, unless all of them are up to date.
pub(crate) fn make(skillgate: &Path, toolchain: &Toolchain) -> Result<()> {
    let _held = paths::lock_products()?;
    let key = development_key(skillgate)?;
    let examples = paths::folders_with(&paths::root().join("examples"), "SKILL.md")?;
    let packages = paths::product("skills");
    let package = |example: &Path| packages.join(paths::name(example)).with_extension("skill");
    // The package's form is the business of `skill` and `host/cli`.
    let inputs = ["examples", "sdk", "wit", "skill/src", "host/cli/src"]
        .map(|path| paths::root().join(path));
    let stamp = Stamp::new(
        packages.join(".stamp"),
        &[&inputs[..], std::slice::from_ref(&key)].concat(),
    )?;
    if stamp.is_fresh() && examples.iter().all(|example| package(example).is_file()) {
        return Ok(());
    }
    if packages.exists() {
        fs::remove_dir_all(&packages)?;
    }
    fs::create_dir_all(&packages)?;
    for example in &examples {
        println!("skill {}", paths::name(example));
        pack(skillgate, toolchain, example, &package(example), &key)?;
    }
    stamp.set()
}

/// Builds one skill, and signs it.
fn pack(
    skillgate: &Path,
    toolchain: &Toolchain,
    example: &Path,
    package: &Path,
    key: &Path,
) -> Result<()> {
    let mut build = Command::new(skillgate);
    build.arg("build").arg(example).arg("--output").arg(package);
    build.env("CARGO_TARGET_DIR", paths::guest_target());
    process::run(toolchain.apply(&mut build))?;
    process::read(
        Command::new(skillgate)
            .arg("sign")
            .arg(package)
            .arg("--key")
            .arg(key),
    )
    .map(drop)
}

/// The key that signs the examples on this machine; made when absent. It protects nothing but the
/// rule that nothing unsigned is installed.
fn development_key(skillgate: &Path) -> Result<PathBuf> {
    let key = paths::product("dev-keys").join("dev.key");
    if !key.exists() {
        let mut make = Command::new(skillgate);
        process::read(
            make.args(["keys", "new", "--no-passphrase", "--output"])
                .arg(&key),
        )?;
    }
    Ok(key)
}
