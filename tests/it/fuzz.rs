//! Each fuzz target for a moment: its corpus, and changes of it that are the same every time.

use std::path::{Path, PathBuf};

use skillgate_tests::fuzz::TARGETS;
use skillgate_tests::fuzz::mutate::{Rng, mutated};

/// Changed inputs for each target.
const MUTATIONS: u64 = 2_000;

/// Shows the input at which a target failed.
struct Tried<'a> {
    target: &'a str,
    source: String,
    data: &'a [u8],
}

impl Drop for Tried<'_> {
    #[allow(clippy::print_stderr, reason = "a failure shows what it failed at")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let shown = self.data.escape_ascii();
            eprintln!("{} failed at {}: {shown}", self.target, self.source);
        }
    }
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let files = std::fs::read_dir(folder.join(target)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: PathBuf| (path.clone(), std::fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

fn try_for_a_moment(target: &str) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let corpus = corpus(target);
    for (path, data) in &corpus {
        let source = path.display().to_string();
        let tried = Tried {
            target,
            source,
            data,
        };
        run(tried.data);
    }
    let corpus: Vec<_> = corpus.into_iter().map(|(_, data)| data).collect();
    for seed in 0..MUTATIONS {
        let data = mutated(&corpus, &mut Rng::new(seed));
        let tried = Tried {
            target,
            source: format!("seed {seed}"),
            data: &data,
        };
        run(tried.data);
    }
}

#[test]
fn every_target_has_its_test_its_corpus_and_its_fuzzer() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let this = include_str!("fuzz.rs");
    for (name, _) in TARGETS {
        assert!(corpus(name).len() >= 3, "{name}");
        let fuzzer = fuzz.join(format!("fuzz_targets/{name}.rs"));
        assert!(fuzzer.is_file(), "{}", fuzzer.display());
        let test = format!("try_for_a_moment(\"{name}\")");
        assert!(this.contains(&test), "{name}");
    }
}

#[test]
fn egress_url() {
    try_for_a_moment("egress_url");
}

#[test]
fn package() {
    try_for_a_moment("package");
}

#[test]
fn permission_rule() {
    try_for_a_moment("permission_rule");
}

#[test]
fn provider_frames() {
    try_for_a_moment("provider_frames");
}

#[test]
fn signature_envelope() {
    try_for_a_moment("signature_envelope");
}

#[test]
fn skill_md() {
    try_for_a_moment("skill_md");
}

#[test]
fn tool_schema() {
    try_for_a_moment("tool_schema");
}
