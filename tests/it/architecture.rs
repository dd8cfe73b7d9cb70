//! The arrows between the crates, and what only one crate may name, read from `cargo metadata`.
//!
//! `deny.toml` says the same to cargo-deny. A change here is a change of ARCHITECTURE.md.

mod modules;

use std::collections::BTreeSet;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Each crate of the workspace, and those of it that it may depend on. A crate that is not here
/// has yet to earn its border.
const ARROWS: [(&str, &[&str]); 11] = [
    ("skillgate-skill", &[]),
    ("skillgate-runtime", &["skillgate-skill"]),
    ("skillgate-agent", &[]),
    ("skillgate-store", &["skillgate-skill"]),
    (
        "skillgate-service",
        &[
            "skillgate-skill",
            "skillgate-runtime",
            "skillgate-agent",
            "skillgate-store",
        ],
    ),
    (
        "skillgate-server",
        &["skillgate-skill", "skillgate-service", "skillgate-store"],
    ),
    (
        "skillgate",
        &[
            "skillgate-skill",
            "skillgate-runtime",
            "skillgate-agent",
            "skillgate-store",
            "skillgate-service",
            "skillgate-server",
        ],
    ),
    ("skillgate-sdk-macros", &[]),
    ("skillgate-sdk", &["skillgate-sdk-macros"]),
    (
        "skillgate-tests",
        &[
            "skillgate-skill",
            "skillgate-runtime",
            "skillgate-agent",
            "skillgate-store",
            "skillgate-service",
            "skillgate-server",
        ],
    ),
    ("xtask", &[]),
];

/// The beginning of a dependency's name, and the crates that may name it. The tests may name what
/// they put a peer or a floor together from.
const OWNED: [(&str, &[&str]); 6] = [
    ("wasmtime", &["skillgate-runtime"]),
    ("cranelift", &["skillgate-runtime"]),
    ("sqlx", &["skillgate-store", "skillgate-tests"]),
    ("axum", &["skillgate-server", "skillgate-tests"]),
    ("clap", &["skillgate"]),
    ("anyhow", &["skillgate"]),
];

/// What would make the skill crate more than a decision: tasks, networks, databases, clocks.
const IMPURE: [&str; 9] = [
    "tokio",
    "futures",
    "async",
    "hyper",
    "reqwest",
    "rustix",
    "cap-primitives",
    "rand",
    "jiff",
];

/// One TLS and one cryptography: rustls with aws-lc-rs.
const BANNED: [&str; 4] = ["ring", "openssl", "openssl-sys", "native-tls"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

/// The names of what `package` needs when it is used; what its own tests need is its own business.
fn named(package: &Package) -> impl Iterator<Item = &str> {
    let used = package
        .dependencies
        .iter()
        .filter(|one| one.kind != DependencyKind::Development);
    used.map(|dependency| dependency.name.as_str())
}

#[test]
fn arrows_point_down() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let (_, allowed) = ARROWS
            .iter()
            .find(|(one, _)| *one == name)
            .unwrap_or_else(|| {
                panic!(
                    "{name} is not in ARROWS: a new crate must earn its border (ARCHITECTURE.md)"
                )
            });
        for dependency in named(package).filter(|dependency| ours.contains(dependency)) {
            assert!(
                allowed.contains(&dependency),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn what_one_crate_owns_no_other_names() {
    for package in &metadata().packages {
        let name = package.name.as_str();
        for dependency in named(package) {
            let owned = OWNED
                .iter()
                .find(|(prefix, _)| dependency.starts_with(prefix));
            let may = owned.is_none_or(|(_, owners)| owners.contains(&name));
            assert!(
                may,
                "{name} must not name {dependency}: only {:?} may",
                owned.map(|(_, owners)| owners)
            );
        }
    }
}

#[test]
fn the_skill_crate_is_pure() {
    let metadata = metadata();
    let skill = metadata
        .packages
        .iter()
        .find(|package| package.name == "skillgate-skill")
        .unwrap();
    for dependency in named(skill) {
        let impure = IMPURE.iter().any(|prefix| dependency.starts_with(prefix));
        assert!(!impure, "skillgate-skill must not depend on {dependency}");
    }
}

#[test]
fn the_tasks_need_nothing_but_the_standard_library() {
    let metadata = metadata();
    let xtask = metadata
        .packages
        .iter()
        .find(|package| package.name == "xtask")
        .unwrap();
    assert_eq!(
        named(xtask).next(),
        None,
        "the first command of a newcomer must start at once"
    );
}

/// `cargo tree` and not `cargo metadata`: the latter lists what a lock file could select, too.
#[test]
fn there_is_one_cryptography() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--workspace",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--edges",
            "normal",
        ])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let tree = String::from_utf8_lossy(&tree.stdout);
    let built: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(
        built.contains("aws-lc-rs"),
        "the list is not what it should be"
    );
    for banned in BANNED {
        assert!(
            !built.contains(banned),
            "{banned} is built: `cargo tree -i {banned}` says for whom"
        );
    }
}
