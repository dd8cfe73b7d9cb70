//! Packages made of the guests in `tests/guests`, signed by keys of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skillgate_runtime::{Runtime, RuntimeConfig, Tool};
use skillgate_skill::{COMPONENT, MANIFEST, Package, SigningKey, ToolDigest};

/// The key that a test's publisher signs with; another seed is another publisher.
pub fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// The bytes of a test guest, as `cargo xtask` built it.
///
/// # Panics
/// When it was not built.
pub fn component(name: &str) -> Vec<u8> {
    let path = root().join(format!("target/guests/{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo xtask test` builds the guests",
            path.display()
        )
    })
}

/// The `SKILL.md` of a test guest.
pub fn manifest(name: &str) -> String {
    std::fs::read_to_string(root().join(format!("tests/guests/{name}/SKILL.md"))).unwrap()
}

/// A guest as a package, not signed.
pub fn unsigned(name: &str) -> Package {
    package(&manifest(name), &component(name))
}

/// A manifest and a component as a package, not signed.
pub fn package(manifest: &str, component: &[u8]) -> Package {
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), manifest.as_bytes().to_vec()),
        (COMPONENT.to_owned(), component.to_vec()),
    ]);
    Package::from_files(files).unwrap()
}

/// A guest as a package that `key` signed, with the tools that it really has.
pub async fn signed(name: &str, key: &SigningKey) -> Package {
    sign_with_its_tools(unsigned(name), key).await
}

/// A package, signed by `key` with the tools that its component really has.
pub async fn sign_with_its_tools(package: Package, key: &SigningKey) -> Package {
    let runtime = Runtime::new(RuntimeConfig::default()).unwrap();
    let skill = runtime.load(&package).await.unwrap();
    let tools: Vec<ToolDigest> = skill.tools().iter().map(Tool::digest).collect();
    sign(package, key, &tools)
}

/// A package, signed by `key` with these tools.
pub fn sign(mut package: Package, key: &SigningKey, tools: &[ToolDigest]) -> Package {
    let statement = package.statement("test publisher", tools);
    package.sign(key, &statement).unwrap();
    package
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
