//! The modules inside each crate: which of them name which, read from `use crate::…` and `crate::…` in their files.
//!
//! Modules that name each other in a circle can only be read together. A crate below that has some is known to; no other gets any.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates without a circle between their top modules, by folder.
const WITHOUT_CIRCLES: [&str; 6] = [
    "skill",
    "host/agent",
    "host/store",
    "host/service",
    "host/server",
    "xtask",
];

/// Which top modules of a crate each of them names.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_modules_name_each_other_in_a_circle() {
    for krate in WITHOUT_CIRCLES {
        let graph = graph_of(&root().join(krate).join("src"));
        assert!(graph.len() > 3, "{krate}: {graph:?}");
        for module in graph.keys() {
            if let Some(circle) = circle_from(&graph, module) {
                panic!(
                    "{krate}: these modules name each other in a circle: {}. Move what they share below both.",
                    circle.join(" → ")
                );
            }
        }
    }
}

#[test]
fn a_circle_is_found() {
    let graph = |arrows: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in arrows {
            graph
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    };
    let tree = graph(&[("a", "b"), ("a", "c"), ("b", "c")]);
    assert_eq!(circle_from(&tree, "a"), None);
    let circle = graph(&[("a", "b"), ("b", "c"), ("c", "a")]);
    assert_eq!(circle_from(&circle, "a").unwrap(), ["a", "b", "c", "a"]);
}

#[test]
fn names_are_read_from_uses_and_paths() {
    let text = "//! crate::doc\nuse crate::db::{Tx, args};\nuse crate::{App, id, error::{Kind, other}};\nlet x = crate::json::of(1);\n#[cfg(test)]\nmod tests {\n    use crate::testing;\n}\n";
    let named: Vec<String> = named_in(text).into_iter().collect();
    assert_eq!(named, ["App", "db", "error", "id", "json"]);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn graph_of(src: &Path) -> Graph {
    let tops: BTreeSet<String> = entries(src).iter().map(|path| stem(path)).collect();
    let mut graph = Graph::new();
    for top in entries(src) {
        let name = stem(&top);
        // The crate's own file names all of them, to declare and to show them.
        if matches!(name.as_str(), "lib" | "main") {
            continue;
        }
        let named = graph.entry(name.clone()).or_default();
        for file in files_in(&top) {
            let text = fs::read_to_string(file).unwrap();
            named.extend(named_in(&text).into_iter().filter(|one| *one != name));
        }
        named.retain(|one| tops.contains(one));
    }
    graph
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The Rust files at or below a path, but for those of tests.
fn files_in(path: &Path) -> Vec<PathBuf> {
    if stem(path) == "tests" {
        Vec::new()
    } else if path.is_dir() {
        entries(path).iter().flat_map(|one| files_in(one)).collect()
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        vec![path.to_owned()]
    } else {
        Vec::new()
    }
}

/// The first names after `crate::` in a file, its comments and its tests left out.
fn named_in(text: &str) -> BTreeSet<String> {
    let code = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.map(|line| format!("{line}\n")).collect();
    let mut named = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => named.extend(firsts_of_group(group)),
            None => named.extend(identifier(rest)),
        }
    }
    named
}

/// The first name of each part of `{a, b::{c, d}}`, whose first brace was read.
fn firsts_of_group(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut depth, mut is_first) = (1, true);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => is_first = true,
            _ if depth == 1 && is_first && !char.is_whitespace() => {
                names.extend(identifier(&group[at..]));
                is_first = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn identifier(text: &str) -> Option<String> {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    let name: String = text.chars().take_while(|char| is_part(*char)).collect();
    (!name.is_empty()).then_some(name)
}

/// A way from a module back to itself.
fn circle_from(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.to_owned()]];
    while let Some(way) = ways.pop() {
        let last = way.last()?;
        for next in graph.get(last).into_iter().flatten() {
            let mut longer = way.clone();
            longer.push(next.clone());
            if next == start {
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                ways.push(longer);
            }
        }
    }
    None
}
