//! docs/advisories.md against what is really locked and tested.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the tests are that the page names.
const TESTS: [&str; 3] = ["tests/it", "skill/tests/it", "runtime/src"];

type Version = [u64; 3];

#[test]
fn every_advisory_is_patched_or_explained() {
    let page = fs::read_to_string(root().join("docs/advisories.md")).unwrap();
    let locked = locked("wasmtime");
    for sibling in ["wasmtime-wasi", "wasmtime-wasi-http"] {
        assert_eq!(self::locked(sibling), locked, "{sibling}");
    }
    let rows = page
        .lines()
        .filter(|line| line.contains("](https://github.com/bytecodealliance/wasmtime/security/"));
    let mut count = 0;
    for row in rows.filter(|row| row.starts_with("| ")) {
        count += 1;
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert_eq!(cells.len(), 6, "{row}");
        match cells[3].strip_prefix("open") {
            None => assert!(
                version(cells[3]) <= locked,
                "not patched in {locked:?}: {row}"
            ),
            Some("") => {}
            Some(fixed) => {
                let fixed = version(fixed.trim_start_matches(": "));
                assert!(fixed > locked, "not open any more in {locked:?}: {row}");
            }
        }
    }
    assert!(count >= 60, "{count} advisories were found on the page");
}

#[test]
fn the_page_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/advisories.md")).unwrap();
    let sources: String = TESTS
        .iter()
        .map(|folder| sources_in(&root().join(folder)))
        .collect();
    let held = page.lines().filter(|line| line.starts_with("| ["));
    let names = held.flat_map(|row| {
        let held_by = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
        held_by.split('`').skip(1).step_by(2).collect::<Vec<_>>()
    });
    for name in names {
        assert!(
            sources.contains(&format!("fn {name}(")),
            "there is no test {name}"
        );
    }
}

/// The version of a package in `Cargo.lock`.
fn locked(package: &str) -> Version {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let after = lock
        .split_once(&format!("name = \"{package}\"\nversion = \""))
        .unwrap()
        .1;
    version(after.split_once('"').unwrap().0)
}

fn version(text: &str) -> Version {
    let numbers: Vec<u64> = text.split('.').map(|part| part.parse().unwrap()).collect();
    numbers
        .try_into()
        .unwrap_or_else(|_| panic!("{text:?} is no version"))
}

/// All Rust sources in a folder and below it.
fn sources_in(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources_in(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
