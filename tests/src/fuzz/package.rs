//! Packages, as they are uploaded.

use skillgate_skill::{MAX_FILES, MAX_UNPACKED, Package, check_path};

/// The input is an archive.
pub fn run(data: &[u8]) {
    if let Ok(package) = Package::read_lenient(data) {
        keeps_the_rules(&package);
    }
    let Ok(package) = Package::read(data) else {
        return;
    };
    keeps_the_rules(&package);
    let written = package.write().expect("what was read can be written");
    if package.envelope.is_some() {
        assert!(written == data, "a signed package has one form");
    }
    let again = Package::read(&written).expect("what was written can be read");
    assert!(again == package, "a package reads back as it was");
}

fn keeps_the_rules(package: &Package) {
    assert!(package.files.len() <= MAX_FILES);
    let size: usize = package.files.values().map(Vec::len).sum();
    assert!(size as u64 <= MAX_UNPACKED);
    for path in package.files.keys() {
        assert_eq!(check_path(path), Ok(()));
    }
}
