//! The package: what is packed is read back, and what is no package is refused.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use proptest::prelude::*;
use skillgate_skill::{MAX_UNPACKED, Package};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{WEATHER, weather_files};

type Archive = ZipWriter<Cursor<Vec<u8>>>;

/// An archive with the weather skill's manifest and whatever `fill` adds.
fn archive(fill: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    add(&mut writer, "SKILL.md", WEATHER.as_bytes());
    fill(&mut writer);
    writer.finish().unwrap().into_inner()
}

fn add(writer: &mut Archive, name: &str, content: &[u8]) {
    writer
        .start_file(name, SimpleFileOptions::default())
        .unwrap();
    writer.write_all(content).unwrap();
}

fn refused(bytes: &[u8]) -> String {
    let lenient = Package::read_lenient(bytes).unwrap_err().to_string();
    assert_eq!(Package::read(bytes).unwrap_err().to_string(), lenient);
    lenient
}

/// `from` replaced by `to`, of the same length, wherever it stands in an archive.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert!(!at.is_empty());
    for at in at {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn a_package_reads_back_and_is_bit_identical() {
    let package = Package::from_files(weather_files()).unwrap();
    let bytes = package.write().unwrap();
    assert_eq!(Package::read(&bytes).unwrap(), package);
    assert_eq!(
        Package::from_files(weather_files())
            .unwrap()
            .write()
            .unwrap(),
        bytes
    );
    assert_eq!(package.component(), Some(crate::COMPONENT));
}

#[test]
fn the_digest_is_of_the_files_and_not_of_the_archive() {
    let package = Package::from_files(weather_files()).unwrap();
    let other = archive(|writer| {
        writer
            .add_directory("references", SimpleFileOptions::default())
            .unwrap();
        add(writer, "references/codes.md", b"# Codes\n");
        add(writer, "component.wasm", crate::COMPONENT);
    });
    assert_eq!(Package::read(&other).unwrap().digest(), package.digest());
    let mut files = weather_files();
    files.insert("references/codes.md".to_owned(), b"# codes\n".to_vec());
    assert_ne!(
        Package::from_files(files).unwrap().digest(),
        package.digest()
    );
    assert_eq!(package.digest().to_string().len(), 64);
}

#[test]
fn a_folder_around_everything_is_taken_away_in_what_others_packed() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    add(
        &mut writer,
        "weather/SKILL.md",
        b"---\nname: weather\ndescription: d\nx: y\n---\n",
    );
    add(&mut writer, "weather/references/a.md", b"a");
    add(&mut writer, "__MACOSX/weather/._SKILL.md", b"a");
    let bytes = writer.finish().unwrap().into_inner();
    let package = Package::read_lenient(&bytes).unwrap();
    assert_eq!(
        package.files.keys().collect::<Vec<_>>(),
        ["SKILL.md", "references/a.md"]
    );
    assert!(
        Package::read(&bytes)
            .unwrap_err()
            .to_string()
            .contains("no SKILL.md at its root")
    );
}

#[test]
fn what_is_no_archive_is_refused() {
    for bytes in [&b""[..], b"PK", b"not a zip archive at all", &[0; 1000]] {
        assert!(refused(bytes).contains("cannot be read as a ZIP archive"));
    }
    let good = archive(|_| {});
    let prefixed = [b"#!/bin/sh\n", &good[..]].concat();
    assert!(Package::read(&prefixed).is_err());
    assert!(Package::read(&good[..good.len() - 1]).is_err());
}

#[test]
fn a_bomb_is_refused_while_inflating() {
    let zeros = vec![0; MAX_UNPACKED as usize];
    let bomb = archive(|writer| add(writer, "assets/bomb", &zeros));
    assert!(bomb.len() < 200_000);
    assert!(
        refused(&bomb).starts_with("assets/bomb: the package unpacks to more than 67108864 bytes")
    );
    // The same, with a central and a local header that claim one byte.
    let size = (MAX_UNPACKED as u32).to_le_bytes();
    let liar = patched(bomb, &size, &1u32.to_le_bytes());
    assert!(Package::read(&liar).is_err());
}

#[test]
fn several_entries_that_are_too_large_together_are_refused() {
    let half = vec![0; MAX_UNPACKED as usize / 2];
    let bytes = archive(|writer| {
        add(writer, "assets/a", &half);
        add(writer, "assets/b", &half);
    });
    assert!(refused(&bytes).starts_with("assets/b: the package unpacks to more than"));
}

#[test]
fn too_many_files_are_refused() {
    let with = |count: usize| {
        archive(|writer| (0..count).for_each(|i| add(writer, &format!("assets/{i}"), b"")))
    };
    assert!(Package::read(&with(255)).is_ok());
    assert!(refused(&with(300)).contains("301 entries, more than the 256"));
    let files = (0..300).map(|i| (format!("assets/{i}"), Vec::new()));
    let files: BTreeMap<_, _> = weather_files().into_iter().chain(files).collect();
    assert!(
        Package::from_files(files)
            .unwrap_err()
            .to_string()
            .contains("303 entries")
    );
}

#[test]
fn names_that_escape_are_refused() {
    for (name, problem) in [
        ("../evil", ". or .. as a name"),
        ("assets/../../evil", ". or .. as a name"),
        ("/etc/passwd", "must be relative"),
        ("assets\\evil", "backslash"),
        ("C:evil", "backslash or colon"),
        ("assets//evil", "empty name"),
        ("assets/ev\u{1b}il", "control characters"),
    ] {
        // The writer would clean such names, so they are put in afterwards.
        let stand_in = "n".repeat(name.len());
        let bytes = archive(|writer| add(writer, &stand_in, b"x"));
        let error = refused(&patched(bytes, stand_in.as_bytes(), name.as_bytes()));
        assert!(error.contains(problem), "{name}: {error}");
    }
    let long = "n".repeat(300);
    assert!(refused(&archive(|writer| add(writer, &long, b""))).contains("1 to 255 bytes"));
    let bytes = patched(
        archive(|writer| add(writer, "nnnn", b"x")),
        b"nnnn",
        b"nn\xff\xfe",
    );
    assert!(refused(&bytes).contains("not UTF-8"));
}

#[test]
fn names_that_collide_are_refused() {
    let bytes = archive(|writer| {
        add(writer, "a.md", b"1");
        add(writer, "b.md", b"2");
    });
    let error = refused(&patched(bytes.clone(), b"b.md", b"a.md"));
    assert!(error.contains("same name"), "{error}");
    let error = refused(&patched(bytes, b"b.md", b"A.md"));
    assert!(
        error.contains("differs from A.md in nothing but case"),
        "{error}"
    );
}

#[test]
fn links_devices_and_other_methods_are_refused() {
    let link = archive(|writer| {
        writer
            .add_symlink("link", "/etc/passwd", SimpleFileOptions::default())
            .unwrap()
    });
    assert!(refused(&link).starts_with("link: it is a symbolic link"));
    // The mode stands in the upper half of the external attributes: a character device.
    let fifo = archive(|writer| {
        writer
            .start_file(
                "fifo",
                SimpleFileOptions::default().external_attributes(0o020_644 << 16),
            )
            .unwrap();
    });
    assert!(refused(&fifo).starts_with("fifo: it is neither a file nor a folder"));
    let stored = archive(|writer| {
        writer
            .start_file(
                "a",
                SimpleFileOptions::default().compression_method(CompressionMethod::Stored),
            )
            .unwrap();
    });
    assert!(Package::read(&stored).is_ok());
}

#[test]
fn a_local_header_that_says_something_else_is_refused() {
    let bytes = archive(|writer| add(writer, "assets/aaa", b"x"));
    let at = bytes
        .windows(10)
        .position(|name| name == b"assets/aaa")
        .unwrap();
    let mut two_faced = bytes;
    two_faced[at..at + 10].copy_from_slice(b"assets/bbb");
    assert!(
        Package::read(&two_faced)
            .unwrap_err()
            .to_string()
            .contains("inconsistency")
    );
}

#[test]
fn only_a_component_passes_for_one() {
    for (content, problem) in [
        (
            &b"\0asm\x01\0\0\0"[..],
            "a core WebAssembly module, not a component",
        ),
        (b"\0asm\x0c\0\x01\0", "of another version"),
        (b"", "not WebAssembly"),
        (b"#!/bin/sh", "not WebAssembly"),
    ] {
        let bytes = archive(|writer| add(writer, "component.wasm", content));
        let error = refused(&bytes);
        assert!(
            error.starts_with("component.wasm: ") && error.contains(problem),
            "{error}"
        );
        assert!(error.contains("wasm32-wasip2"), "{error}");
    }
}

#[test]
fn a_package_needs_a_readable_manifest() {
    let files = |manifest: &[u8]| BTreeMap::from([("SKILL.md".to_owned(), manifest.to_vec())]);
    let refused = |files| Package::from_files(files).unwrap_err().to_string();
    assert!(refused(BTreeMap::new()).contains("no SKILL.md at its root"));
    assert!(refused(files(b"\xff")).contains("SKILL.md: the file is not UTF-8"));
    assert!(refused(files(b"# Title")).contains("SKILL.md:1: the frontmatter is missing"));
    let wrong_case = BTreeMap::from([("skill.md".to_owned(), WEATHER.into())]);
    assert!(refused(wrong_case).contains("no SKILL.md"));
}

#[test]
fn a_signature_that_is_none_is_refused() {
    let bytes = archive(|writer| add(writer, "signature.json", b"{}"));
    assert!(refused(&bytes).starts_with("signature.json: the file is no DSSE envelope"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_files_read_back(assets in prop::collection::btree_map("assets/[a-z]{1,8}", prop::collection::vec(any::<u8>(), 0..2000), 0..8)) {
        let mut files = weather_files();
        files.extend(assets);
        let package = Package::from_files(files).unwrap();
        let bytes = package.write().unwrap();
        let read = Package::read(&bytes).unwrap();
        prop_assert_eq!(&read, &package);
        prop_assert_eq!(read.write().unwrap(), bytes);
        prop_assert_eq!(read.digest(), package.digest());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0usize..1000) {
        let _ = Package::read(&bytes);
        let mut spliced = archive(|_| {});
        let at = at % spliced.len();
        spliced.splice(at..at, bytes);
        let _ = Package::read_lenient(&spliced);
    }
}
