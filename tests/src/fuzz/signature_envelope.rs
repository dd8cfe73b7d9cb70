//! `signature.json`: the envelope, and the statement in it.

use std::collections::BTreeMap;

use skillgate_skill::{MANIFEST, Package, SIGNATURE, SigningKey};

/// What the corpus' good envelope is about, signed by the key that is 32 times the byte 1.
pub const SIGNED_MANIFEST: &str =
    "---\nname: tips\ndescription: Good to know.\nmetadata:\n  version: \"0.1.0\"\n---\nBe kind.\n";

/// The input is the envelope of a package that holds [`SIGNED_MANIFEST`].
pub fn run(data: &[u8]) {
    let files = BTreeMap::from([
        (MANIFEST.to_owned(), SIGNED_MANIFEST.as_bytes().to_vec()),
        (SIGNATURE.to_owned(), data.to_vec()),
    ]);
    let Ok(package) = Package::from_files(files) else {
        return;
    };
    let written = package.write().expect("what was read can be written");
    let again = Package::read(&written).expect("what was written can be read");
    assert!(again == package, "an envelope reads back as it was");

    let key = SigningKey::from_bytes(&[1; 32]).verifying_key();
    if let Ok(verified) = package.verify(&|_| Some(key)) {
        let statement = &verified.statement;
        assert_eq!(statement.name, "tips");
        assert_eq!(verified.check_tools(&statement.tools), Ok(()));
    }
    assert!(package.verify(&|_| None).is_err(), "nobody is trusted");
}
